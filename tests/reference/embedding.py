"""What nnkit.kernels.cpu.embedding computes."""

import numpy as np


def take_rows(ids, table):
    outside = (ids < 0) | (ids >= len(table))
    y = table[np.where(outside, 0, ids).astype(int)]
    y[outside] = np.nan
    return y


def clear_rows(used, g):
    return np.zeros_like(used), np.where(used[:, None] != 0, 0, g)


def add_rows(dy, ids, first, used, g):
    used, g = used.copy(), g.copy()
    for i, number in enumerate(ids):
        if first <= number < first + len(g):
            used[int(number) - first] = 1
            g[int(number) - first] += dy[i]
    return used, g


def sgd_rows(g, rate, used, p):
    return np.where(used[:, None] != 0, p - rate * g, p)
