"""Metrics of rows, and the sums over an epoch that losses and metrics are averaged from."""

import numpy as np

from nnkit.kernels.cuda._cuda import (
    LANES,
    ROWS,
    block_sum,
    cuda,
    device,
    kernel,
    lane_max,
    lane_sum,
    one_block,
    rows,
)


@device
def _argmax(x, i):
    """Index of the first largest element of row i; all lanes get it.

    As on the CPU it is 0 where element 0 is NaN; another NaN is never the largest.
    """
    best = 0
    j = cuda.threadIdx.x
    while j < x.shape[1]:
        if x[i, j] > x[i, best]:
            best = j
        j += LANES
    top = lane_max(x[i, best])
    # The smallest index among the lanes that found the largest element, or NaN.
    return -lane_max(-x.shape[1] if x[i, best] < top else -best)


@kernel(rows("match"))
def categorical_accuracy(p, t, match):
    """match (rows,) = 1 where the largest of p (rows, classes) and of t are the same class."""
    rows = match.size
    base = cuda.blockIdx.x * ROWS
    while base < rows:
        i = min(base + cuda.threadIdx.y, rows - 1)  # A thread without a row does the last again.
        match[i] = p.dtype.type(_argmax(p, i) == _argmax(t, i))
        base += cuda.gridDim.x * ROWS


@kernel(rows("match"))
def sparse_categorical_accuracy(p, t, match):
    """match (rows,) = 1 where the largest of p (rows, classes) is class t (rows,)."""
    rows = match.size
    base = cuda.blockIdx.x * ROWS
    while base < rows:
        i = min(base + cuda.threadIdx.y, rows - 1)
        match[i] = p.dtype.type(_argmax(p, i) == t[i])
        base += cuda.gridDim.x * ROWS


@kernel(rows("match"))
def binary_accuracy(p, t, threshold, match):
    """match (rows,) = the share of the n columns where (p > threshold) = t."""
    rows, n = p.shape
    bound = p.dtype.type(threshold)
    zero, one = p.dtype.type(0), p.dtype.type(1)
    base = cuda.blockIdx.x * ROWS
    while base < rows:
        i = base + cuda.threadIdx.y
        first = cuda.threadIdx.x if i < rows else n
        hits = zero
        j = first
        while j < n:
            predicted = one if p[i, j] > bound else zero
            hits += one if predicted == t[i, j] else zero
            j += LANES
        hits = lane_sum(hits)
        if first == 0:
            match[i] = hits / p.dtype.type(n)
        base += cuda.gridDim.x * ROWS


@kernel(one_block)
def accumulate(values, weights, count, sums):
    """sums += (count sum_i values_i weights_i, count), in float64."""
    total = 0.0
    i = cuda.threadIdx.x
    while i < values.size:
        total += np.float64(values[i]) * np.float64(weights[i])
        i += cuda.blockDim.x
    total = block_sum(total)
    if cuda.threadIdx.x == 0:
        sums[0] += total * count
        sums[1] += count


@kernel(one_block)
def accumulate_masked(values, mask, sums):
    """sums += (sum_i values_i where the mask is true, its true elements), in float64."""
    total, count = 0.0, 0.0
    i = cuda.threadIdx.x
    while i < values.size:
        if mask[i]:
            total += np.float64(values[i])
            count += 1.0
        i += cuda.blockDim.x
    total = block_sum(total)
    count = block_sum(count)
    if cuda.threadIdx.x == 0:
        sums[0] += total
        sums[1] += count


@kernel(one_block)
def mask_weights(mask, w):
    """w_i *= n / (true elements of the mask) where the mask is true, 0 elsewhere; n elements."""
    count = 0.0
    i = cuda.threadIdx.x
    while i < mask.size:
        if mask[i]:
            count += 1.0
        i += cuda.blockDim.x
    factor = w.dtype.type(mask.size / max(block_sum(count), 1.0))
    zero = w.dtype.type(0)
    i = cuda.threadIdx.x
    while i < w.size:
        w[i] = w[i] * factor if mask[i] else zero
        i += cuda.blockDim.x
