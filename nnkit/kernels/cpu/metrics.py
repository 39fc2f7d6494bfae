"""Metrics of rows, and the running sums of losses and metrics over an epoch."""

import numpy as np

from nnkit.kernels._jit import inline, kernel


@inline
def _argmax(x):
    """Index of the first largest element."""
    best = 0
    for j in range(1, x.size):
        if x[j] > x[best]:
            best = j
    return best


@kernel(outputs=["match"], split=["p", "t", "match"])
def categorical_accuracy(p, t, match):
    """match (rows,) = 1 where the largest of p (rows, classes) and of t are the same class."""
    for i in range(p.shape[0]):
        match[i] = p.dtype.type(_argmax(p[i]) == _argmax(t[i]))


@kernel(outputs=["match"], split=["p", "t", "match"])
def sparse_categorical_accuracy(p, t, match):
    """match (rows,) = 1 where the largest of p (rows, classes) is class t (rows,)."""
    for i in range(p.shape[0]):
        match[i] = p.dtype.type(_argmax(p[i]) == t[i])


@kernel(outputs=["match"], split=["p", "t", "match"])
def binary_accuracy(p, t, threshold, match):
    """match (rows,) = the fraction of the n columns where (p > threshold) = t."""
    rows, n = p.shape
    bound = p.dtype.type(threshold)
    zero, one = p.dtype.type(0), p.dtype.type(1)
    for i in range(rows):
        hits = zero
        for j in range(n):
            predicted = one if p[i, j] > bound else zero
            hits += one if predicted == t[i, j] else zero
        match[i] = hits / p.dtype.type(n)


@kernel(updates=["sums"])
def accumulate(values, weights, count, sums):
    """sums += (count sum_i values_i weights_i, count), in float64."""
    total = 0.0
    for i in range(values.size):
        total += np.float64(values[i]) * np.float64(weights[i])
    sums[0] += total * count
    sums[1] += count


@kernel(outputs=["y"], split=["y"], elementwise=True)
def fill(value, y):
    """y = value."""
    constant = y.dtype.type(value)
    for i in range(y.size):
        y[i] = constant


@kernel(outputs=["w"])
def broadcast_weights(sample_weight, factor, w):
    """w (rows,) = factor times the weight of each row's sample; sample_weight (n,)."""
    a = w.dtype.type(factor)
    steps = w.size // sample_weight.size
    for i in range(sample_weight.size):
        for j in range(steps):
            w[i * steps + j] = a * sample_weight[i]


@kernel(updates=["w"])
def mask_weights(mask, w):
    """w_i *= n / (number of true mask_i) where mask_i, else w_i = 0; n elements."""
    count = 0
    for i in range(mask.size):
        count += 1 if mask[i] else 0
    factor = w.dtype.type(mask.size / max(count, 1))
    zero = w.dtype.type(0)
    for i in range(w.size):
        w[i] = w[i] * factor if mask[i] else zero


@kernel(updates=["sums"])
def accumulate_penalty(penalty, count, sums):
    """sums[0] += count penalty; penalty (1,) is added to the loss of each of ``count`` samples."""
    sums[0] += count * penalty[0]
