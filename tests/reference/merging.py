"""What nnkit.kernels.cpu.merging computes."""

import numpy as np


def add(a, b):
    return a + b


def multiply(a, b):
    return a * b


def maximum(a, b):
    return np.maximum(a, b)


def maximum_backward(dy, a, b):
    share = np.where(a == b, 0.5, (a > b).astype(float))
    return dy * share, dy * (1 - share)


def join(a, b):
    return np.concatenate([a, b], axis=1)
