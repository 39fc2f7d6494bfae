"""What nnkit.kernels.cpu.metrics computes."""

import numpy as np


def categorical_accuracy(p, t):
    return np.argmax(p, axis=1) == np.argmax(t, axis=1)


def sparse_categorical_accuracy(p, t):
    return np.argmax(p, axis=1) == t


def binary_accuracy(p, t, threshold):
    return ((p > threshold) == t).mean(axis=1)


def accumulate(values, weights, count, sums):
    return sums + np.array([np.sum(values.astype(float) * weights) * count, count])


def broadcast_weights(sample_weight, factor, rows):
    return np.repeat(sample_weight, rows // len(sample_weight)) * factor


def mask_weights(mask, w):
    return np.where(mask, w * mask.size / max(mask.sum(), 1), 0)


def accumulate_penalty(penalty, count, sums):
    return sums + np.array([penalty[0] * count, 0])
