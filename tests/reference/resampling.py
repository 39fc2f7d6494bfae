"""What nnkit.kernels.cpu.resampling computes, on arrays (batch, outer, length, inner)."""

import numpy as np


def resample(x, starts, counts, weights):
    """The table as a matrix."""
    matrix = np.zeros((len(starts), x.shape[2]))
    for i, (start, n) in enumerate(zip(starts, counts, strict=True)):
        matrix[i, start : start + n] = weights[i, :n]
    return np.einsum("ij,bojc->boic", matrix, x)


def range_max(x, starts, counts):
    """The largest elements of ranges, and where they are; NaN is larger than any number."""
    ranges = [x[:, :, f : f + n] for f, n in zip(starts, counts, strict=True)]
    at = np.stack([f + r.argmax(axis=2) for f, r in zip(starts, ranges, strict=True)], axis=2)
    return np.take_along_axis(x, at, axis=2), at


def range_max_backward(dy, at, length):
    """Each gradient where the largest element was."""
    dx = np.zeros((*dy.shape[:2], length, dy.shape[3]))
    for b, o, i, c in np.ndindex(dy.shape):
        dx[b, o, at[b, o, i, c], c] += dy[b, o, i, c]
    return dx
