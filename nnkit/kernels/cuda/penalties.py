"""Penalties on weights and outputs, and what keeps weights within bounds."""

import numpy as np

from nnkit.kernels import SUM_BLOCK
from nnkit.kernels.cuda import _math
from nnkit.kernels.cuda._cuda import (
    LANES,
    ROWS,
    THREADS,
    block_sum,
    cuda,
    kernel,
    lane_sum,
    one_block,
    rows,
)
from nnkit.kernels.cuda.updates import partials


@kernel(partials)
def penalty_blocks(w, l1, l2, first, partial):
    """partial[b] = l1 sum |w_i| + l2 sum w_i^2 over the 4096 elements of block first + b."""
    b = cuda.blockIdx.x
    while b < partial.size:
        start = (first + b) * SUM_BLOCK
        total = 0.0
        i = start + cuda.threadIdx.x
        while i < min(start + SUM_BLOCK, w.size):
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


# ------------------------------------------------------------------------------- constraints


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
