"""Twins for GPUs of the kernels in ``loops.py``; see there. Imports CUDA."""

import math

import numpy as np

from nnkit.kernels import _philox
from nnkit.kernels.cuda import random
from nnkit.kernels.cuda._cuda import (
    LANES,
    ROWS,
    cuda,
    device,
    elements,
    kernel,
    one_thread,
    rows,
    thread,
    threads,
)

_U64 = np.uint64
fraction = device(_philox.fraction)


@device
def _from_start(index, size):
    """An index that does not count from the end."""
    return int(index) + size if index < 0 else int(index)


@kernel(rows("y"))
def take(x, indices, y):
    """y_k = x[indices_k], rows of matrices."""
    k = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while k < indices.size:
        i = _from_start(indices[k], x.shape[0])
        j = cuda.threadIdx.x
        while j < y.shape[1]:
            y[k, j] = x[i, j]
            j += LANES
        k += cuda.gridDim.x * ROWS


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


@kernel(elements("y"))
def pick(x, rows, columns, y):
    """y_k = x[rows_k, columns_k]."""
    k = thread()
    while k < y.size:
        y[k] = x[_from_start(rows[k], x.shape[0]), _from_start(columns[k], x.shape[1])]
        k += threads()


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


# ------------------------------------------------------------------------------ random numbers


@device
def _block(state, index):
    """Four words of 32 bits."""
    return random.philox(_U64(index), state[1] + state[2], state[0])


@device
def _word(state, index):
    """One word of the block that it is in."""
    return random._word(index, state[1] + state[2], state[0])


@kernel(one_thread)
def next_state(state, after):
    """The state after a draw."""
    after[0] = state[0]
    after[1] = state[1]
    after[2] = state[2] + _U64(1)


@kernel(elements("y"))
def draw_uniform(state, first, y):
    """y_i from 0, below 1; a float32 has 24 bits."""
    i = thread()
    while i < y.size:
        if y.itemsize == 4:
            y[i] = y.dtype.type(_word(state, first + i) >> _U64(8)) * y.dtype.type(2.0**-24)
        else:
            w0, w1, _, _ = _block(state, first + i)
            y[i] = fraction(w0, w1)
        i += threads()


@kernel(elements("y"))
def draw_normal(state, first, y):
    """y_i is normal, with mean 0 and variance 1."""
    i = thread()
    while i < y.size:
        if y.itemsize == 4:
            y[i] = random._normal(_word(state, first + i))
        else:
            w0, w1, w2, w3 = _block(state, first + i)
            radius = math.sqrt(-2.0 * math.log(1.0 - fraction(w0, w1)))
            y[i] = radius * math.cos(2.0 * math.pi * fraction(w2, w3))
        i += threads()


@kernel(elements("y"))
def draw_bernoulli(state, p, first, y):
    """y_i is 1 with probability p_i, or p if that is one number; else 0."""
    i = thread()
    while i < y.size:
        likely = p[first + i if p.size > 1 else 0]
        y[i] = y.dtype.type(1 if float(_word(state, first + i)) * 2.0**-32 < likely else 0)
        i += threads()
