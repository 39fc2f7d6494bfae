"""What nnkit.kernels.cpu.alignment computes, by counting out all paths."""

import itertools

import numpy as np


def log_softmax(z):
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def collapsed(path):
    """A path without repetitions, then without blanks."""
    return [k for k, _ in itertools.groupby(path) if k]


def ctc(z, t):
    """The loss of each sample, and its gradient by z."""
    logp = log_softmax(z.astype(float))
    n, steps, classes = z.shape
    losses, gradients = np.full(n, np.inf), np.zeros(z.shape)
    for i in range(n):
        wanted = [k for k in t[i] if k]
        shares = np.zeros((steps, classes))
        for path in itertools.product(range(classes), repeat=steps):
            if collapsed(path) == wanted:
                p = np.exp(sum(logp[i, u, k] for u, k in enumerate(path)))
                shares[range(steps), path] += p
        total = shares[0].sum()
        if total:
            losses[i] = -np.log(total)
            gradients[i] = np.exp(logp[i]) - shares / total
    return losses, gradients
