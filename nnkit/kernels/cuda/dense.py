"""Matrix products, and sums of rows.

On a GPU, cuBLASLt (:mod:`nnkit.engine.cuda.blas`) computes products for which it has an algorithm;
the kernels here are for other products, and for the simulator.
"""

from nnkit.kernels.cuda._cuda import LANES, SIMULATED, blocks, cuda, device, kernel

# A block computes a tile _TILE x _TILE of C from slices of A and B that are _DEPTH deep; each
# of its _SIDE x _SIDE threads computes _MICRO x _MICRO elements, _SIDE apart.
_SIDE, _MICRO, _DEPTH = (2, 2, 3) if SIMULATED else (16, 4, 16)
_TILE = _SIDE * _MICRO
_THREADS = _SIDE * _SIDE
# One column more, so that threads that write to one column use different banks.
_SLICE = (_DEPTH, _TILE + 1)
# Threads that share a column in sum_rows.
_SUMMANDS = 4 if SIMULATED else 32


def _tiles(arguments):
    """The numbers of blocks and threads for a block for every tile of C."""
    m, n = arguments["c"].shape
    return (blocks(n, _TILE), blocks(m, _TILE)), (_SIDE, _SIDE)


@device
def _load(x, first, k, tile):
    """tile[d, e] = x[first + e, k + d], and 0 outside of x; by all threads of a block together."""
    zero = x.dtype.type(0)
    thread = cuda.threadIdx.y * _SIDE + cuda.threadIdx.x
    # Neighbouring threads read neighbouring elements.
    along_rows = x.strides[0] < x.strides[1]
    for number in range(thread, _TILE * _DEPTH, _THREADS):
        e = number % _TILE if along_rows else number // _DEPTH
        d = number // _TILE if along_rows else number % _DEPTH
        inside = first + e < x.shape[0] and k + d < x.shape[1]
        tile[d, e] = x[first + e, k + d] if inside else zero


@device
def _product(a, b, bias, adds, c):
    """C = A B + bias, or without a bias if it is empty; with ``adds`` C += A B."""
    a_slice = cuda.shared.array(_SLICE, c.dtype)
    b_slice = cuda.shared.array(_SLICE, c.dtype)
    sums = cuda.local.array((_MICRO, _MICRO), c.dtype)
    zero = c.dtype.type(0)
    m, n = c.shape
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    row = cuda.blockIdx.y * _TILE
    while row < m:
        column = cuda.blockIdx.x * _TILE
        while column < n:
            for i in range(_MICRO):
                for j in range(_MICRO):
                    sums[i, j] = zero
            for k in range(0, a.shape[1], _DEPTH):
                _load(a, row, k, a_slice)
                _load(b.T, column, k, b_slice)
                cuda.syncthreads()
                for d in range(_DEPTH):
                    for i in range(_MICRO):
                        for j in range(_MICRO):
                            sums[i, j] += a_slice[d, y + i * _SIDE] * b_slice[d, x + j * _SIDE]
                cuda.syncthreads()
            for i in range(_MICRO):
                for j in range(_MICRO):
                    p, q = row + y + i * _SIDE, column + x + j * _SIDE
                    if p < m and q < n:
                        if adds:
                            c[p, q] += sums[i, j]
                        else:
                            c[p, q] = sums[i, j] + (bias[q] if bias.size else zero)
            column += cuda.gridDim.x * _TILE
        row += cuda.gridDim.y * _TILE


@kernel(_tiles)
def matmul(a, b, c):
    """C = A B; A (m, k), B (k, n) and C (m, n), A and B with any strides, also transposed."""
    _product(a, b, c[0, :0], False, c)


@kernel(_tiles)
def matmul_bias(a, b, bias, c):
    """C = A B + bias; bias (n,) is added to every row."""
    _product(a, b, bias, False, c)


@kernel(_tiles)
def matmul_add(a, b, c):
    """C += A B."""
    _product(a, b, c[0, :0], True, c)


def _columns(arguments):
    """The numbers of blocks and threads for ``_SUMMANDS`` threads for every column."""
    return (blocks(arguments["total"].size, LANES),), (LANES, _SUMMANDS)


@kernel(_columns)
def sum_rows(x, first, total):
    """total[j] = the sum over i of x[i, first + j]; x (rows, columns), total (columns,)."""
    box = cuda.shared.array((_SUMMANDS, LANES), x.dtype)
    lane, y = cuda.threadIdx.x, cuda.threadIdx.y
    base = cuda.blockIdx.x * LANES
    while base < total.size:
        j = base + lane
        box[y, lane] = x.dtype.type(0)
        i = y
        while i < x.shape[0] and j < total.size:
            box[y, lane] += x[i, first + j]
            i += _SUMMANDS
        cuda.syncthreads()
        half = _SUMMANDS // 2
        while half > 0:
            if y < half:
                box[y, lane] += box[y + half, lane]
            cuda.syncthreads()
            half //= 2
        if y == 0 and j < total.size:
            total[j] = box[0, lane]
        base += cuda.gridDim.x * LANES
