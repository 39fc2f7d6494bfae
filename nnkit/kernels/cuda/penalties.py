"""Penalties on weights and outputs, and what keeps weights within bounds."""

import numpy as np

from nnkit.kernels.cuda import _math
from nnkit.kernels.cuda._cuda import (
    LANES,
    ROWS,
    THREADS,
    block_sum,
    blocks,
    cuda,
    elements,
    kernel,
    lane_sum,
    one_block,
    rows,
    thread,
    threads,
)

_BLOCK = 4096


def _partials(arguments):
    """A block for every sum."""
    return (blocks(arguments["partial"].size, 1),), (THREADS,)


@kernel(_partials)
def penalty_blocks(w, l1, l2, first, partial):
    """partial[b] = l1 sum |w_i| + l2 sum w_i^2 over the 4096 elements of block first + b."""
    b = cuda.blockIdx.x
    while b < partial.size:
        start = (first + b) * _BLOCK
        total = 0.0
        i = start + cuda.threadIdx.x
        while i < min(start + _BLOCK, w.size):
            value = np.float64(w[i])
            total += l1 * abs(value) + l2 * (value * value)
            i += THREADS
        total = block_sum(total)
        if cuda.threadIdx.x == 0:
            partial[b] = total
        b += cuda.gridDim.x


@kernel(one_block)
def penalty_sum(partial, factor, total):
    """total[0] = factor sum_b partial[b]."""
    found = 0.0
    b = cuda.threadIdx.x
    while b < partial.size:
        found += partial[b]
        b += THREADS
    found = block_sum(found)
    if cuda.threadIdx.x == 0:
        total[0] = factor * found


@kernel(elements("g"))
def penalty_gradient(w, l1, l2, g):
    """g += l1 sign w + 2 l2 w, with sign 0 = 0."""
    one = w.dtype.type(l1)
    two = w.dtype.type(2.0 * l2)
    zero = w.dtype.type(0)
    i = thread()
    while i < g.size:
        below = -one if w[i] < zero else zero * w[i]  # 0, or NaN.
        g[i] += (one if w[i] > zero else below) + two * w[i]
        i += threads()


@kernel(elements("y"))
def add_to(x, y):
    """y += x."""
    i = thread()
    while i < y.size:
        y[i] += x[i]
        i += threads()


# ------------------------------------------------------------------------------- constraints


@kernel(elements("w"))
def not_negative(w):
    """w = max(w, 0)."""
    zero = w.dtype.type(0)
    i = thread()
    while i < w.size:
        w[i] = zero if w[i] < zero else w[i]
        i += threads()


@kernel(rows("factor"))
def norm_factors(w, low, high, rate, epsilon, first, factor):
    """factor = (rate clip(norm, low, high) + (1 - rate) norm) / (epsilon + norm).

    There is a norm for each outer and inner of w (outer, n, inner), that of the n elements between;
    factor holds those from ``first`` on, in float64.
    """
    _, n, inner = w.shape
    base = cuda.blockIdx.x * ROWS
    while base < factor.size:
        k = base + cuda.threadIdx.y
        o, i = (first + k) // inner, (first + k) % inner
        # A thread without a norm sums over nothing.
        j = cuda.threadIdx.x if k < factor.size else n
        squares = 0.0
        while j < n:
            value = np.float64(w[o, j, i])
            squares += value * value
            j += LANES
        norm = _math.sqrt(lane_sum(squares))
        if k < factor.size and cuda.threadIdx.x == 0:
            bounded = low if norm < low else norm
            bounded = high if bounded > high else bounded
            factor[k] = (rate * bounded + (1.0 - rate) * norm) / (epsilon + norm)
        base += cuda.gridDim.x * ROWS


@kernel(rows("w"))
def scale_vectors(factor, n, first, w):
    """Multiply what has a norm by its factor: w (rows, inner) is (outer, n, inner) by rows."""
    count, inner = w.shape
    r = cuda.blockIdx.x * ROWS + cuda.threadIdx.y
    while r < count:
        start = (first + r) // n * inner
        i = cuda.threadIdx.x
        while i < inner:
            w[r, i] *= w.dtype.type(factor[start + i])
            i += LANES
        r += cuda.gridDim.x * ROWS
