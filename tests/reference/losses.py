"""The losses by their textbook formulas; the gradients are differences of these."""

import numpy as np

EPSILON = 1e-7


def smooth(t, smoothing, classes):
    return t * (1 - smoothing) + smoothing / classes


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def one_hot(t, classes):
    return np.eye(classes)[t]


def softmax_crossentropy(z, t, smoothing):
    return -(smooth(t, smoothing, z.shape[1]) * log_softmax(z)).sum(axis=1)


def sparse_softmax_crossentropy(z, t):
    return softmax_crossentropy(z, one_hot(t, z.shape[1]), 0)


def sigmoid_crossentropy(z, t, smoothing):
    t = smooth(t, smoothing, 2)
    return (t * np.logaddexp(0, -z) + (1 - t) * np.logaddexp(0, z)).mean(axis=1)


def categorical_crossentropy(p, t, smoothing):
    q = np.clip(p / p.sum(axis=1, keepdims=True), EPSILON, 1 - EPSILON)
    return -(smooth(t, smoothing, p.shape[1]) * np.log(q)).sum(axis=1)


def sparse_categorical_crossentropy(p, t):
    return categorical_crossentropy(p, one_hot(t, p.shape[1]), 0)


def binary_crossentropy(p, t, smoothing):
    t = smooth(t, smoothing, 2)
    p = np.clip(p, EPSILON, 1 - EPSILON)
    return -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean(axis=1)


def squared_error(p, t):
    return ((p - t) ** 2).mean(axis=1)


def absolute_error(p, t):
    return np.abs(p - t).mean(axis=1)
