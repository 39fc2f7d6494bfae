"""Kernels of operations that are neither elementwise nor among those of the engine."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from nnkit.kernels._jit import Kernel
from nnkit.kernels.cpu.random import _fraction, _normal, _word, philox


def kernel(**declaration: Any) -> Callable[[Callable[..., None]], Kernel]:
    """As :func:`nnkit.kernel`; ``cuda_loops.py`` knows the twin for GPUs."""

    def decorate(function: Callable[..., None]) -> Kernel:
        made = Kernel(function, **declaration, cuda=lambda: _twin(made))
        return made

    return decorate


def _twin(kernel: Kernel) -> Any:
    from nnkit.kernels.generated import cuda_loops

    return cuda_loops.twin(kernel)


@kernel(outputs=["y"], split=["indices", "y"])
def take(x, indices, y):
    """y_k = x[indices_k], rows of matrices; negative indices count from the end."""
    for k in range(indices.size):
        i = indices[k]
        source, target = x[i + x.shape[0] if i < 0 else i], y[k]
        for j in range(target.size):
            target[j] = source[j]


@kernel(updates=["x"], split=["x"], strided=["y"])
def put_rows(y, indices, replace, count, first, x):
    """x[indices_k] += y_k, or = y_k, for rows; of ``count`` rows, x is those from ``first``."""
    for k in range(indices.size):
        i = indices[k]
        i = (i + count if i < 0 else i) - first
        if 0 <= i < x.shape[0]:
            source, target = y[k], x[i]
            for j in range(target.size):
                old = x.dtype.type(0) if replace else target[j]
                target[j] = old + x.dtype.type(source[j])


@kernel(outputs=["y"], split=["rows", "columns", "y"])
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


@kernel(outputs=["y"], split=["x", "y"])
def argmin(x, y):
    """y_i = the index of the first smallest of x (rows, n) in row i, or of the first NaN."""
    for i in range(x.shape[0]):
        best = 0
        for j in range(1, x.shape[1]):
            if x[i, j] < x[i, best] or (math.isnan(x[i, j]) and not math.isnan(x[i, best])):
                best = j
        y[i] = best


@kernel(outputs=["y"], split=["x", "y"])
def minimum(x, y):
    """y_i = the smallest of x (rows, n) in row i; NaN if there is one."""
    for i in range(x.shape[0]):
        least = x[i, 0]
        for j in range(1, x.shape[1]):
            if x[i, j] < least or math.isnan(x[i, j]):
                least = x[i, j]
            if math.isnan(least):
                break
        y[i] = least


@kernel(outputs=["y"], split=["x", "y"])
def product(x, y):
    """y_i = the product of x (rows, n) in row i."""
    for i in range(x.shape[0]):
        total = y.dtype.type(1)
        for j in range(x.shape[1]):
            total *= y.dtype.type(x[i, j])
        y[i] = total


# ------------------------------------------------------------------------------ random numbers
#
# A state is uint64 (3,): the key, where its counter begins, and how often it was drawn.

_U64 = np.uint64


@kernel(outputs=["after"])
def next_state(state, after):
    """The state after a draw."""
    after[0] = state[0]
    after[1] = state[1]
    after[2] = state[2] + _U64(1)


@kernel(outputs=["y"], split=["y"])
def draw_uniform(state, first, y):
    """y_i from 0, below 1; a float32 has 24 bits."""
    key, step = state[0], state[1] + state[2]
    for i in range(y.size):
        if y.itemsize == 4:
            word = _word(first + i, step, key)
            y[i] = y.dtype.type(word >> _U64(8)) * y.dtype.type(2.0**-24)
        else:
            w0, w1, _, _ = philox(_U64(first + i), step, key)
            y[i] = _fraction(w0, w1)


@kernel(outputs=["y"], split=["y"])
def draw_normal(state, first, y):
    """y_i is normal, with mean 0 and variance 1; a float64 by Box and Muller (1958)."""
    key, step = state[0], state[1] + state[2]
    for i in range(y.size):
        if y.itemsize == 4:
            y[i] = _normal(_word(first + i, step, key))
        else:
            w0, w1, w2, w3 = philox(_U64(first + i), step, key)
            radius = math.sqrt(-2.0 * math.log(1.0 - _fraction(w0, w1)))
            y[i] = radius * math.cos(2.0 * math.pi * _fraction(w2, w3))


@kernel(outputs=["y"], split=["y"])
def draw_bernoulli(state, p, first, y):
    """y_i is 1 with probability p_i, or p if that is one number; else 0."""
    key, step = state[0], state[1] + state[2]
    for i in range(y.size):
        likely = p[first + i if p.size > 1 else 0]
        share = float(_word(first + i, step, key)) * 2.0**-32
        y[i] = y.dtype.type(1 if share < likely else 0)


# By the kind of a random variable.
DRAWN = {"random": draw_uniform, "normal": draw_normal, "bernoulli": draw_bernoulli}
