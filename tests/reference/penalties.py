"""What nnkit.kernels.cpu.penalties computes."""

import numpy as np

BLOCK = 4096


def penalty_blocks(w, l1, l2):
    """For all blocks; a kernel does those from ``first`` on."""
    return np.array(
        [
            l1 * np.abs(w[start : start + BLOCK]).sum() + l2 * (w[start : start + BLOCK] ** 2).sum()
            for start in range(0, w.size, BLOCK)
        ]
    )


def penalty_gradient(w, l1, l2, g):
    return g + l1 * np.sign(w) + 2 * l2 * w


def not_negative(w):
    return np.maximum(w, 0)


def norm_factors(w, low, high, rate, epsilon):
    """For all norms, (outer * inner,)."""
    norm = np.sqrt((w**2).sum(axis=1)).reshape(-1)
    return (rate * np.clip(norm, low, high) + (1 - rate) * norm) / (epsilon + norm)


def scale_vectors(factor, w):
    """w is (outer, n, inner)."""
    outer, _, inner = w.shape
    return w * factor.reshape(outer, 1, inner)
