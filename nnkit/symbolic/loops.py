"""Kernels of operations that are neither elementwise nor among those of the engine."""

import math

from nnkit.kernels._jit import kernel
from nnkit.kernels.cpu import _math
from nnkit.kernels.cpu.softmax import shift


@kernel(outputs=["y"], split=["x", "y"])
def log_softmax(x, y):
    """y_j = x_j - log sum_k e^x_k; x and y are (rows, n, 1)."""
    rows, n, _ = x.shape
    z = y.reshape(rows, n)
    shift(x.reshape(rows, n), z)
    for i in range(rows):
        total = z.dtype.type(0)
        for j in range(n):
            total += _math.exp(z[i, j])
        less = _math.log(total)
        for j in range(n):
            z[i, j] -= less


@kernel(outputs=["y"])
def pick(x, rows, columns, y):
    """y_k = x[rows_k, columns_k]; negative indices count from the end."""
    for k in range(y.size):
        i, j = rows[k], columns[k]
        y[k] = x[i + x.shape[0] if i < 0 else i, j + x.shape[1] if j < 0 else j]


@kernel(updates=["x"])
def put(y, rows, columns, replace, x):
    """x[rows_k, columns_k] += y_k, or = y_k; y has one element or one for each k."""
    for k in range(rows.size):
        i, j = rows[k], columns[k]
        i = i + x.shape[0] if i < 0 else i
        j = j + x.shape[1] if j < 0 else j
        old = x.dtype.type(0) if replace else x[i, j]
        x[i, j] = old + x.dtype.type(y[k] if y.size > 1 else y[0])


@kernel(outputs=["y"], split=["x", "y"])
def argmax(x, y):
    """y_i = the index of the first largest of x (rows, n) in row i, or of the first NaN."""
    for i in range(x.shape[0]):
        best = 0
        for j in range(1, x.shape[1]):
            if x[i, j] > x[i, best] or (math.isnan(x[i, j]) and not math.isnan(x[i, best])):
                best = j
        y[i] = best


@kernel(outputs=["y"], split=["x", "y"])
def maximum(x, y):
    """y_i = the largest of x (rows, n) in row i; NaN if there is one."""
    for i in range(x.shape[0]):
        top = x[i, 0]
        for j in range(1, x.shape[1]):
            if x[i, j] > top or math.isnan(x[i, j]):
                top = x[i, j]
            if math.isnan(top):
                break
        y[i] = top
