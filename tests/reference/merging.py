"""What nnkit.kernels.cpu.merging computes."""

import numpy as np


def add(a, b):
    return a + b


def subtract(a, b):
    return a - b


def multiply(a, b):
    return a * b


def maximum(a, b):
    return np.maximum(a, b)


def minimum(a, b):
    return np.minimum(a, b)


def maximum_backward(dy, a, b):
    share = np.where(a == b, 0.5, (a > b).astype(float))
    return dy * share, dy * (1 - share)


def join(a, b):
    return np.concatenate([a, b], axis=1)


def merge_what_counts(merged, a, b, a_counts, b_counts, keep):
    chosen = [a_counts & b_counts, b_counts & ~a_counts, a_counts | bool(keep)]
    return np.select([rows[:, None] for rows in chosen], [merged, b, a], 0)


def merge_what_counts_backward(dy, a_counts, b_counts, keep):
    both, only_b = a_counts & b_counts, b_counts & ~a_counts
    only_a = ~b_counts & (a_counts | bool(keep))
    return [np.where(rows[:, None], dy, 0) for rows in (both, only_a, only_b)]


def unit_vectors(x, most):
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1 / most)


def unit_vectors_backward(dy, x, most):
    """By the Jacobian of each vector."""
    dx = np.empty_like(dy)
    for r, _, i in np.ndindex(x.shape[0], 1, x.shape[2]):
        vector, length = x[r, :, i], np.linalg.norm(x[r, :, i])
        if length < 1 / most:
            dx[r, :, i] = most * dy[r, :, i]
        else:
            jacobian = np.eye(len(vector)) / length - np.outer(vector, vector) / length**3
            dx[r, :, i] = jacobian @ dy[r, :, i]
    return dx
