"""What nnkit.kernels.cpu.attention computes."""

import numpy as np


def matmul_stack(a, b):
    return np.einsum("bhmk,bhkn->bhmn", a, b)


def counting(mask, before, after, shape):
    """Which sources count for which target."""
    t, s = np.arange(shape[-2])[:, None], np.arange(shape[-1])
    return np.broadcast_to(mask, shape) & (s >= t - before) & (s <= t + after)


def masked_softmax(x, mask, before, after, factor, nothing):
    y = np.zeros_like(x)
    counts = counting(mask, before, after, x.shape)
    for i in np.ndindex(x.shape[:-1]):
        if counts[i].any():
            e = np.exp(factor * x[i][counts[i]] - factor * x[i][counts[i]].max())
            y[i][counts[i]] = e / e.sum()
        else:
            y[i] = nothing
    return y


def masked_softmax_backward(dy, y, mask, before, after, factor):
    """By the whole Jacobian, J_rs = f y_r ([r = s] - y_s)."""
    dx = np.zeros_like(y)
    counts = counting(mask, before, after, y.shape)
    for i in np.ndindex(y.shape[:-1]):
        dx[i] = factor * (np.diag(y[i]) - np.outer(y[i], y[i])) @ dy[i] * counts[i]
    return dx


def additive_scores(query, key, factor, weight):
    inside = query[:, :, None] + key[:, None]
    return (weight * np.tanh(factor * inside)).sum(-1)


def additive_scores_backward(dy, query, key, factor, weight):
    inside = query[:, :, None] + key[:, None]
    h = np.tanh(factor * inside)
    slope = dy[..., None] * weight * (1 - h**2)
    dquery, dkey = (factor * slope).sum(2), (factor * slope).sum(1)
    return dquery, dkey, (slope * inside).sum((1, 2)), (dy[..., None] * h).sum((1, 2))
