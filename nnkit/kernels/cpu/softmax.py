"""Softmax and its logarithm over the middle axis of (outer, n, inner)."""

import math

from numba.extending import register_jitable

from nnkit.kernels._flags import FLAGS
from nnkit.kernels._jit import inline, kernel
from nnkit.kernels.cpu import _math


# A maximum is vectorised only if NaN may be ignored. This is right here: whatever the shift, the
# softmax of a row with a NaN is NaN.
@register_jitable(**{**FLAGS, "fastmath": FLAGS["fastmath"] | {"nnan"}})
def largest(x):
    """The largest element of a vector without NaN."""
    top = x.dtype.type(-math.inf)
    for j in range(x.size):
        top = x[j] if x[j] > top else top
    return top


@inline
def shift(x, y):
    """y = x - max x for each row of a matrix: the largest exponent becomes 0."""
    for i in range(x.shape[0]):
        top = largest(x[i])
        for j in range(x.shape[1]):
            y[i, j] = x[i, j] - top


@inline
def exponentiate(y):
    """y = e^y in place, for all rows at once: ten classes are too few to fill vector registers."""
    flat = y.reshape(y.size)
    for i in range(flat.size):
        flat[i] = _math.exp(flat[i])


@inline
def normalize(y):
    """Divide a vector by its sum in place, and return the sum."""
    total = y.dtype.type(0)
    for j in range(y.size):
        total += y[j]
    factor = y.dtype.type(1) / total
    for j in range(y.size):
        y[j] *= factor
    return total


@kernel(outputs=["y"], split=["x", "y"])
def softmax(x, y):
    """y_j = e^x_j / sum_k e^x_k."""
    outer, n, inner = x.shape
    if inner == 1:
        shift(x.reshape(outer, n), y.reshape(outer, n))
    else:
        for o in range(outer):
            shift(x[o].T, y[o].T)
    exponentiate(y)
    if inner == 1:
        rows = y.reshape(outer, n)
        for o in range(outer):
            normalize(rows[o])
    else:
        for o in range(outer):
            for i in range(inner):
                normalize(y[o, :, i])


@inline
def _backward(dy, y, dx):
    for i in range(y.shape[0]):
        dot = y.dtype.type(0)
        for j in range(y.shape[1]):
            dot += dy[i, j] * y[i, j]
        for j in range(y.shape[1]):
            dx[i, j] = y[i, j] * (dy[i, j] - dot)


@kernel(outputs=["dx"], split=["dy", "y", "dx"])
def softmax_backward(dy, y, dx):
    """dx_j = y_j (dy_j - sum_k dy_k y_k)."""
    outer, n, inner = y.shape
    if inner == 1:
        _backward(dy.reshape(outer, n), y.reshape(outer, n), dx.reshape(outer, n))
    else:
        for o in range(outer):
            _backward(dy[o].T, y[o].T, dx[o].T)


@kernel(outputs=["y"], split=["x", "y"])
def log_softmax(x, y):
    """y_j = x_j - log sum_k e^x_k."""
    outer, n, inner = x.shape
    for o in range(outer):
        for i in range(inner):
            top = x[o, 0, i]
            for j in range(n):
                top = x[o, j, i] if x[o, j, i] > top else top
            # A separate loop: one that adds and writes as well would add in a different order
            # if x and y are close in memory.
            for j in range(n):
                y[o, j, i] = x[o, j, i] - top
            total = y.dtype.type(0)
            for j in range(n):
                total += _math.exp(y[o, j, i])
            log_total = _math.log(total)
            for j in range(n):
                y[o, j, i] -= log_total


@inline
def _log_backward(dy, y, dx):
    for i in range(y.shape[0]):
        total = y.dtype.type(0)
        for j in range(y.shape[1]):
            total += dy[i, j]
        for j in range(y.shape[1]):
            dx[i, j] = dy[i, j] - _math.exp(y[i, j]) * total


@kernel(outputs=["dx"], split=["dy", "y", "dx"])
def log_softmax_backward(dy, y, dx):
    """dx_j = dy_j - e^y_j sum_k dy_k."""
    outer, n, inner = y.shape
    if inner == 1:
        _log_backward(dy.reshape(outer, n), y.reshape(outer, n), dx.reshape(outer, n))
    else:
        for o in range(outer):
            _log_backward(dy[o].T, y[o].T, dx[o].T)
