"""What nnkit.kernels.cpu.softmax computes."""

import numpy as np


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(dy, y):
    """By the whole Jacobian, J_jk = y_j ([j = k] - y_k)."""
    dx = np.empty_like(y)
    for o, _, i in np.ndindex(y.shape[0], 1, y.shape[2]):
        column = y[o, :, i]
        dx[o, :, i] = (np.diag(column) - np.outer(column, column)) @ dy[o, :, i]
    return dx


def log_softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return x - x.max(axis=1, keepdims=True) - np.log(e.sum(axis=1, keepdims=True))


def log_softmax_backward(dy, y):
    return dy - np.exp(y) * dy.sum(axis=1, keepdims=True)
