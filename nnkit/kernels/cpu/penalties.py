"""Penalties on weights and outputs, and what keeps weights within bounds.

A penalty is a sum over a whole array: first over blocks of 4096 elements each, in float64, which
are the same however many threads there are; then over the blocks.
"""

import math

import numpy as np
from numba.extending import register_jitable

from nnkit.kernels import SUM_BLOCK
from nnkit.kernels._flags import EXACT
from nnkit.kernels._jit import kernel


def _whole(*arguments):
    """Nanoseconds to read the first argument once."""
    return 0.3 * arguments[0].size


@kernel(outputs=["partial"], split=["partial"], cost=_whole)
def penalty_blocks(w, l1, l2, first, partial):
    """partial[b] = l1 sum |w_i| + l2 sum w_i^2 over the 4096 elements of block first + b."""
    for b in range(partial.size):
        start = (first + b) * SUM_BLOCK
        block = w[start : min(start + SUM_BLOCK, w.size)]
        total, squares = 0.0, 0.0
        for i in range(block.size):
            value = np.float64(block[i])
            total += abs(value)
            squares += value * value
        partial[b] = l1 * total + l2 * squares


@kernel(outputs=["total"])
def penalty_sum(partial, factor, total):
    """total[0] = factor sum_b partial[b]."""
    found = 0.0
    for b in range(partial.size):
        found += partial[b]
    total[0] = factor * found


@kernel(updates=["g"], split=["w", "g"], elementwise=True)
def penalty_gradient(w, l1, l2, g):
    """g += l1 sign w + 2 l2 w, with sign 0 = 0."""
    one = w.dtype.type(l1)
    two = w.dtype.type(2.0 * l2)
    zero = w.dtype.type(0)
    for i in range(w.size):
        below = -one if w[i] < zero else zero * w[i]  # 0, or NaN.
        g[i] += (one if w[i] > zero else below) + two * w[i]


@kernel(updates=["y"], split=["x", "y"], elementwise=True)
def add_to(x, y):
    """y += x."""
    for i in range(y.size):
        y[i] += x[i]


# ------------------------------------------------------------------------------- constraints


@kernel(updates=["w"], split=["w"], elementwise=True)
def not_negative(w):
    """w = max(w, 0)."""
    zero = w.dtype.type(0)
    for i in range(w.size):
        w[i] = zero if w[i] < zero else w[i]


@register_jitable(**EXACT, forceinline=True)  # norm + rate (bounded - norm) would lose bounded.
def _factor(squares, low, high, rate, epsilon):
    """What a vector is multiplied by, given the sum of its squares."""
    norm = math.sqrt(squares)
    bounded = low if norm < low else norm
    bounded = high if bounded > high else bounded
    return (rate * bounded + (1.0 - rate) * norm) / (epsilon + norm)


@kernel(outputs=["factor"], split=["factor"], cost=_whole)
def norm_factors(w, low, high, rate, epsilon, first, factor):
    """factor = (rate clip(norm, low, high) + (1 - rate) norm) / (epsilon + norm).

    There is a norm for each outer and inner of w (outer, n, inner), that of the n elements between;
    factor holds those from ``first`` on, in float64.
    """
    _, n, inner = w.shape
    for k in range(factor.size):
        factor[k] = 0.0
    done = 0
    while done < factor.size:  # The part of one outer after the other.
        o, i = (first + done) // inner, (first + done) % inner
        count = min(inner - i, factor.size - done)
        part = factor[done : done + count]
        for j in range(n):
            row = w[o, j, i : i + count]
            for k in range(count):
                part[k] += np.float64(row[k]) * np.float64(row[k])
        done += count
    for k in range(factor.size):
        factor[k] = _factor(factor[k], low, high, rate, epsilon)


@kernel(updates=["w"], split=["w"])
def scale_vectors(factor, n, first, w):
    """Multiply what has a norm by its factor: w (rows, inner) is (outer, n, inner) by rows."""
    rows, inner = w.shape
    for r in range(rows):
        part = factor[(first + r) // n * inner :]
        for i in range(inner):
            w[r, i] *= w.dtype.type(part[i])
