"""Embedding: rows of a table by ids, and updates of the rows that a batch uses.

``ids`` are integers of any type; an id outside of the table has no row. ``used`` (rows,), uint8, is
not 0 for the rows in use, whose gradient may differ from 0: a step clears, writes and subtracts
only these.
"""

import math

from nnkit.kernels._jit import kernel


@kernel(outputs=["y"], split=["ids", "y"])
def take_rows(ids, table, y):
    """y[i] = table[ids[i]], NaN for ids outside; ids (n,), table (rows, k), y (n, k)."""
    rows, k = table.shape
    nan = y.dtype.type(math.nan)
    for i in range(ids.size):
        if ids[i] >= 0 and ids[i] < rows:
            row = int(ids[i])
            for j in range(k):
                y[i, j] = table[row, j]
        else:
            for j in range(k):
                y[i, j] = nan


def _cost(used, *others):
    """Estimated nanoseconds to search for rows in use, whose number depends on the data."""
    return float(used.size)


@kernel(updates=["used", "g"], split=["used", "g"], cost=_cost)
def clear_rows(used, g):
    """g (rows, k) = 0 in rows in use, then used = 0."""
    rows, k = g.shape
    zero = g.dtype.type(0)
    for r in range(rows):
        if used[r] != 0:
            for j in range(k):
                g[r, j] = zero
            used[r] = 0


def _cost_of_adding(dy, ids, first, used, g):
    return 0.3 * dy.size


@kernel(updates=["used", "g"], split=["used", "g"], cost=_cost_of_adding)
def add_rows(dy, ids, first, used, g):
    """g[r] += the sum of dy[i] where ids[i] = first + r; sets ``used`` for these rows.

    Every worker goes through all ids in order and adds to its own rows only. So no worker waits for
    another, and sums don't depend on the number of workers.
    """
    rows, k = g.shape
    for i in range(ids.size):
        if ids[i] >= first and ids[i] < first + rows:
            row = int(ids[i]) - first
            used[row] = 1
            for j in range(k):
                g[row, j] += dy[i, j]


@kernel(updates=["p"], split=["g", "used", "p"], cost=lambda g, rate, used, p: float(used.size))
def sgd_rows(g, rate, used, p):
    """p -= rate g for rows in use; in other rows, g is 0."""
    rows, k = p.shape
    lr = p.dtype.type(rate[0])
    for r in range(rows):
        if used[r] != 0:
            for j in range(k):
                p[r, j] -= lr * g[r, j]


@kernel(outputs=["mask"], split=["ids", "mask"], elementwise=True)
def not_zero(ids, mask):
    """mask = ids != 0."""
    zero = ids.dtype.type(0)
    for i in range(ids.size):
        mask[i] = ids[i] != zero
