"""Matrix products, by OpenBLAS or in tiles if there are few rows, and sums of rows."""

import numpy as np

from nnkit.kernels._intrinsics import dgemm, dgemv, pointer, sgemm, sgemv
from nnkit.kernels._jit import inline, kernel
from nnkit.kernels._tile import MOST_ROWS, add_product, lanes

_PRODUCT = {"a": "mk", "b": "kn", "c": "mn"}
_WITH_BIAS = _PRODUCT | {"bias": "n"}
_ROW_MAJOR, _PLAIN, _TRANSPOSED = 101, 111, 112
# Tiles of the result are faster than BLAS if B stays in the cache and is read a few times.
_FEWEST, _MOST, _SMALL = 8, 64, 1 << 17


def _cost(a, b, *others):
    """Estimated nanoseconds, at 60 GFLOP/s."""
    return 2 * a.shape[0] * a.shape[1] * b.shape[1] / 60


@inline
def _layout(a):
    """Whether BLAS must read a matrix transposed, and its leading dimension."""
    if a.shape[1] == 1 or a.strides[1] == a.itemsize:
        return _PLAIN, max(a.strides[0] // a.itemsize, a.shape[1])
    return _TRANSPOSED, max(a.strides[1] // a.itemsize, a.shape[0])


@inline
def product(a, b, beta, c):
    """C = A B + beta C, with contiguous rows of C; compiled for one data type only."""
    m, n = c.shape
    k = a.shape[1]
    order_a, lda = _layout(a)
    order_b, ldb = _layout(b)
    ldc = max(c.strides[0] // c.itemsize, n)
    few = min(m, n) >= _FEWEST and m <= _MOST and b.size <= _SMALL
    if k == 0 or (few and order_a == _PLAIN and order_b == _PLAIN):
        _add_tiles(a, lda, b, ldb, beta, c, ldc)
        return
    pa, pb, pc = pointer(a.ctypes.data), pointer(b.ctypes.data), pointer(c.ctypes.data)
    # For one row: a vector-matrix product reads B once, a matrix product copies B first.
    swapped = _TRANSPOSED if order_b == _PLAIN else _PLAIN
    rows, columns = (k, n) if order_b == _PLAIN else (n, k)
    step = a.strides[1] // a.itemsize
    if c.itemsize == 4:
        one, factor = np.float32(1), np.float32(beta)
        if m == 1:
            sgemv(_ROW_MAJOR, swapped, rows, columns, one, pb, ldb, pa, step, factor, pc, 1)
        else:
            sgemm(_ROW_MAJOR, order_a, order_b, m, n, k, one, pa, lda, pb, ldb, factor, pc, ldc)
    else:
        one, factor = np.float64(1), np.float64(beta)
        if m == 1:
            dgemv(_ROW_MAJOR, swapped, rows, columns, one, pb, ldb, pa, step, factor, pc, 1)
        else:
            dgemm(_ROW_MAJOR, order_a, order_b, m, n, k, one, pa, lda, pb, ldb, factor, pc, ldc)


@inline
def _add_tiles(a, lda, b, ldb, beta, c, ldc):
    """C = A B + beta C for few rows, for which BLAS's copy of B would be too expensive."""
    m, n = c.shape
    if beta == 0:
        for i in range(m):
            for j in range(n):
                c[i, j] = 0
    if a.shape[1] == 0:  # A tile needs at least one product.
        return
    tiles, width = -(-m // MOST_ROWS), lanes(c)
    for j in range(0, n, width):
        for t in range(tiles):
            i = m * t // tiles
            shape = m * (t + 1) // tiles - i, n - j, a.shape[1], 1
            add_product(shape, c, i * ldc + j, ldc, a, i * lda, (lda, 1, 0), b, j, (ldb, 0))


@kernel(outputs=["c"], split=["a", "c"], strided=["a", "b"], axes=_PRODUCT, cost=_cost)
def matmul(a, b, c):
    """C = A B; A (m, k), B (k, n) and C (m, n), A and B with any strides, also transposed."""
    product(a, b, 0, c)


@kernel(outputs=["c"], split=["a", "c"], strided=["a", "b"], axes=_WITH_BIAS, cost=_cost)
def matmul_bias(a, b, bias, c):
    """C = A B + bias; bias (n,) is added to every row."""
    for i in range(c.shape[0]):
        for j in range(c.shape[1]):
            c[i, j] = bias[j]
    product(a, b, 1, c)


@kernel(updates=["c"], split=["a", "c"], strided=["a", "b"], axes=_PRODUCT, cost=_cost)
def matmul_add(a, b, c):
    """C += A B."""
    product(a, b, 1, c)


@kernel(outputs=["total"], split=["total"])
def sum_rows(x, first, total):
    """total[j] = the sum over i of x[i, first + j]; x (rows, columns), total (columns,)."""
    rows, end = x.shape[0], first + total.size
    for j in range(total.size):
        total[j] = x.dtype.type(0)
    # Four rows at a time: otherwise every sum waits for the one before to reach memory. Each row is
    # a separate array: only arrays that are indexed by the loop variable alone are vectorised.
    for i in range(0, rows - 3, 4):
        a, b = x[i, first:end], x[i + 1, first:end]
        c, d = x[i + 2, first:end], x[i + 3, first:end]
        for j in range(total.size):
            total[j] += (a[j] + b[j]) + (c[j] + d[j])
    for i in range(rows - rows % 4, rows):
        a = x[i, first:end]
        for j in range(total.size):
            total[j] += a[j]
