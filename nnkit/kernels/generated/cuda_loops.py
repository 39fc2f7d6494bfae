"""Twins for GPUs of the kernels in ``loops.py``; see there. Imports CUDA."""

from nnkit.kernels._jit import Kernel
from nnkit.kernels.cuda._cuda import (
    LANES,
    ROWS,
    CudaKernel,
    cuda,
    device,
    elements,
    kernel,
    one_thread,
    rows,
    thread,
    threads,
)
from nnkit.kernels.cuda._from_cpu import ELEMENTS, LANES_OF_ROWS, NO_LOOPS, from_cpu

# Kernels whose text is the CPU's: how many threads do a call, and what each does of its loops.
_SHARED = {
    "draw_bernoulli": (elements("y"), ELEMENTS),
    "draw_normal": (elements("y"), ELEMENTS),
    "draw_uniform": (elements("y"), ELEMENTS),
    "next_state": (one_thread, NO_LOOPS),
    "pick": (elements("y"), ELEMENTS),
    "take": (rows("y"), LANES_OF_ROWS),
}


def twin(cpu: Kernel) -> CudaKernel:
    """The twin of a kernel of ``loops.py``: of the CPU's text, or the one that is below."""
    if cpu.name in _SHARED:
        return from_cpu(cpu, *_SHARED[cpu.name])
    made: CudaKernel = globals()[cpu.name]
    return made


@device
def _from_start(index, size):
    """An index that does not count from the end."""
    return int(index) + size if index < 0 else int(index)


@kernel(rows("indices"))
def put_rows(y, indices, replace, count, first, x):
    """x[indices_k] += y_k, or = y_k.

    The first place with an index does all that have it, in their order: the sums are the CPU's.
    """
    k = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while k < indices.size:
        i = _from_start(indices[k], count)
        mine = first <= i < first + x.shape[0]
        for other in range(indices.size):
            if _from_start(indices[other], count) == i:
                mine = mine and other >= k
                j = cuda.threadIdx.x if mine else x.shape[1]
                while j < x.shape[1]:
                    old = x.dtype.type(0) if replace else x[i - first, j]
                    x[i - first, j] = old + x.dtype.type(y[other, j])
                    j += LANES
        k += cuda.gridDim.x * ROWS


@kernel(elements("rows"))
def put(y, rows, columns, replace, x):
    """x[rows_k, columns_k] += y_k, or = y_k; of equal places, the first does all."""
    k = thread()
    while k < rows.size:
        i, j = _from_start(rows[k], x.shape[0]), _from_start(columns[k], x.shape[1])
        mine = True
        for other in range(rows.size):
            row = _from_start(rows[other], x.shape[0])
            if row == i and _from_start(columns[other], x.shape[1]) == j:
                mine = mine and other >= k
                if mine:
                    old = x.dtype.type(0) if replace else x[i, j]
                    x[i, j] = old + x.dtype.type(y[other] if y.size > 1 else y[0])
        k += threads()


# ------------------------------------------------------------------------------ along the rows


@device
def _better(a, b, largest):
    """Whether an element comes before another; NaN comes first."""
    above = a > b if largest else a < b
    return above or (a != a and b == b)


@device
def _find(x, y, largest):
    """y_i = the index of the first largest or smallest of x in row i."""
    box = cuda.shared.array((ROWS, LANES), y.dtype)
    lane, row = cuda.threadIdx.x, cuda.threadIdx.y
    base = cuda.blockIdx.x * ROWS
    while base < x.shape[0]:
        i = base + row if base + row < x.shape[0] else base  # All have a row: this one twice.
        best = lane if lane < x.shape[1] else 0
        j = best + LANES
        while j < x.shape[1]:
            best = j if _better(x[i, j], x[i, best], largest) else best
            j += LANES
        box[row, lane] = best
        cuda.syncthreads()
        half = LANES // 2
        while half > 0:
            if lane < half:
                mine, other = box[row, lane], box[row, lane + half]
                a, b = x[i, mine], x[i, other]
                tie = other < mine and not _better(a, b, largest)
                box[row, lane] = other if tie or _better(b, a, largest) else mine
            cuda.syncthreads()
            half //= 2
        if lane == 0:
            y[i] = box[row, 0]
        cuda.syncthreads()
        base += cuda.gridDim.x * ROWS


@device
def _combined(a, b, kind):
    """The product, or if ``kind`` is 1 or -1 the largest or smallest; NaN if one is."""
    above = a > b if kind > 0 else a < b
    either = a if above or a != a else b
    return a * b if kind == 0 else either


@device
def _reduce(x, y, kind):
    """y_i = all elements of row i of x, combined."""
    box = cuda.shared.array((ROWS, LANES), y.dtype)
    lane, row = cuda.threadIdx.x, cuda.threadIdx.y
    base = cuda.blockIdx.x * ROWS
    while base < x.shape[0]:
        i = base + row if base + row < x.shape[0] else base
        total = y.dtype.type(1) if kind == 0 else y.dtype.type(x[i, 0])
        j = lane
        while j < x.shape[1]:
            total = y.dtype.type(_combined(total, y.dtype.type(x[i, j]), kind))
            j += LANES
        box[row, lane] = total
        cuda.syncthreads()
        half = LANES // 2
        while half > 0:
            if lane < half:
                box[row, lane] = _combined(box[row, lane], box[row, lane + half], kind)
            cuda.syncthreads()
            half //= 2
        if lane == 0:
            y[i] = box[row, 0]
        cuda.syncthreads()
        base += cuda.gridDim.x * ROWS


@kernel(rows("x"))
def argmax(x, y):
    """y_i = the index of the first largest of x (rows, n) in row i, or of the first NaN."""
    _find(x, y, True)


@kernel(rows("x"))
def argmin(x, y):
    """y_i = the index of the first smallest of x (rows, n) in row i, or of the first NaN."""
    _find(x, y, False)


@kernel(rows("x"))
def maximum(x, y):
    """y_i = the largest of x (rows, n) in row i; NaN if there is one."""
    _reduce(x, y, 1)


@kernel(rows("x"))
def minimum(x, y):
    """y_i = the smallest of x (rows, n) in row i; NaN if there is one."""
    _reduce(x, y, -1)


@kernel(rows("x"))
def product(x, y):
    """y_i = the product of x (rows, n) in row i."""
    _reduce(x, y, 0)
