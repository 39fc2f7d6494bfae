"""Attention: stacks of products, softmax over the positions that count, and additive scores.

Scores are (batch, places, heads, targets, sources): each target has a number for each source.
"""

import math

from nnkit.kernels._jit import inline, kernel
from nnkit.kernels.cpu import _math
from nnkit.kernels.cpu.dense import product
from nnkit.kernels.cpu.softmax import largest

_STACKS = {"a": "bhmk", "b": "bhkn", "c": "bhmn"}
_ALL = tuple(_STACKS)


def _stack_cost(a, b, c):
    """Estimated nanoseconds, at 60 GFLOP/s."""
    return 2 * c.size * a.shape[3] / 60


@kernel(outputs=["c"], split=_ALL, strided=_ALL, axes=_STACKS, cost=_stack_cost)
def matmul_stack(a, b, c):
    """C = A B for each matrix of a stack: A (b, h, m, k), B (b, h, k, n), C (b, h, m, n).

    A and B may lie in memory in any way, C in any way with contiguous rows.
    """
    for i in range(c.shape[0]):
        for j in range(c.shape[1]):
            product(a[i, j], b[i, j], 0, c[i, j])


@inline
def row_of(mask, b, p, h, t):
    """Where a mask has the row for all sources of a target: axes of size 1 are shared."""
    batch, places, heads, targets = mask.shape[:4]
    return min(b, batch - 1), min(p, places - 1), min(h, heads - 1), min(t, targets - 1)


@inline
def says(row, s):
    """Whether an element of such a row is True; a row of one element is shared, too."""
    return row[min(s, row.size - 1)] != 0


@kernel(outputs=["y"], split=["y"])
def join_masks(x, z, first, y):
    """y = x and z; all (batch, places, heads, targets, sources).

    An axis of size 1 of ``x`` or ``z`` is shared by all elements along it.
    """
    for b in range(y.shape[0]):
        for p in range(y.shape[1]):
            for h in range(y.shape[2]):
                for t in range(y.shape[3]):
                    one, other = x[row_of(x, first + b, p, h, t)], z[row_of(z, first + b, p, h, t)]
                    for s in range(y.shape[4]):
                        y[b, p, h, t, s] = says(one, s) and says(other, s)


@inline
def hide(x, row, begin, end, hidden):
    """Put a number in place of what doesn't count, and return how many do."""
    zero, one = x.dtype.type(0), x.dtype.type(1)
    count = zero
    if row.size == 1:  # Apart: with an index that may stand still, the loop isn't vectorised.
        shared = row[0] != 0
        for s in range(x.size):
            counts = shared and begin <= s and s <= end
            x[s] = x[s] if counts else hidden
            count += one if counts else zero
    else:
        for s in range(x.size):
            counts = row[s] != 0 and begin <= s and s <= end
            x[s] = x[s] if counts else hidden
            count += one if counts else zero
    return count


@kernel(outputs=["y"], split=["x", "y"])
def masked_softmax(x, mask, before, after, factor, nothing, first, y):
    """y_s = e^(f x_s) / the sum of e^(f x_r) over the sources r that count, and 0 for others.

    Source s counts for target t where the mask is True and t - before <= s <= t + after. Axes of
    size 1 of the mask are shared. Where none counts, all are ``nothing``.
    """
    scale, low = x.dtype.type(factor), x.dtype.type(-math.inf)
    one, zero = x.dtype.type(1), x.dtype.type(0)
    alone = x.dtype.type(nothing)
    for b in range(y.shape[0]):
        for p in range(y.shape[1]):
            for h in range(y.shape[2]):
                for t in range(y.shape[3]):
                    source, to = x[b, p, h, t], y[b, p, h, t]
                    row = mask[row_of(mask, first + b, p, h, t)]
                    begin, end = t - before, t + after
                    for s in range(to.size):
                        to[s] = scale * source[s]
                    count = hide(to, row, begin, end, low)
                    top = largest(to)
                    for s in range(to.size):
                        to[s] = _math.exp(to[s] - top)
                    total = zero
                    for s in range(to.size):
                        total += to[s]
                    share = one / total
                    for s in range(to.size):
                        to[s] = alone if count == zero else to[s] * share


@kernel(outputs=["dx"], split=["dy", "y", "dx"])
def masked_softmax_backward(dy, y, mask, before, after, factor, first, dx):
    """dx_s = f y_s (dy_s - sum_r dy_r y_r) where s counts, else 0."""
    scale, zero = y.dtype.type(factor), y.dtype.type(0)
    for b in range(y.shape[0]):
        for p in range(y.shape[1]):
            for h in range(y.shape[2]):
                for t in range(y.shape[3]):
                    given, weight, to = dy[b, p, h, t], y[b, p, h, t], dx[b, p, h, t]
                    row = mask[row_of(mask, first + b, p, h, t)]
                    begin, end = t - before, t + after
                    dot = zero
                    for s in range(to.size):
                        dot += given[s] * weight[s]
                    for s in range(to.size):
                        to[s] = scale * (weight[s] * (given[s] - dot))
                    hide(to, row, begin, end, zero)


def _additive_cost(query, key, *others):
    """Estimated nanoseconds, at one for each tanh."""
    return query.size * key.shape[1]


def _gradient_cost(dy, *others):
    """The same of the gradient."""
    return _additive_cost(*others) * 2


@kernel(outputs=["y"], split=["query", "key", "y"], cost=_additive_cost)
def additive_scores(query, key, factor, weight, y):
    """y_ts = the sum over i of w_i tanh(f (q_ti + k_si)).

    query (batch, targets, n), key (batch, sources, n), y (batch, targets, sources), factor (1,),
    weight (n,), or (1,) for all i.
    """
    for b in range(y.shape[0]):
        for t in range(y.shape[1]):
            for s in range(y.shape[2]):
                q, k = query[b, t], key[b, s]
                total = y.dtype.type(0)
                for i in range(q.size):
                    w = weight[min(i, weight.size - 1)]
                    total += w * _math.tanh(factor[0] * (q[i] + k[i]))
                y[b, t, s] = total


_GRADIENTS = ("dquery", "dkey", "dfactor", "dweight")


@kernel(outputs=_GRADIENTS, split=["dy", "query", "key", *_GRADIENTS], cost=_gradient_cost)
def additive_scores_backward(dy, query, key, factor, weight, dquery, dkey, dfactor, dweight):
    """The gradients, those of the factor and the weight as sums (batch, n) yet to be added up."""
    zero, one = dy.dtype.type(0), dy.dtype.type(1)
    f = factor[0]
    for b in range(dy.shape[0]):
        of_factor, of_weight = dfactor[b], dweight[b]
        for i in range(of_factor.size):
            of_factor[i] = zero
            of_weight[i] = zero
        for s in range(key.shape[1]):
            for i in range(of_factor.size):
                dkey[b, s, i] = zero
        for t in range(query.shape[1]):
            q, dq = query[b, t], dquery[b, t]
            for i in range(q.size):
                dq[i] = zero
            for s in range(key.shape[1]):
                k, dk, given = key[b, s], dkey[b, s], dy[b, t, s]
                for i in range(q.size):
                    together = q[i] + k[i]
                    h = _math.tanh(f * together)
                    slope = given * weight[min(i, weight.size - 1)] * (one - h * h)
                    dq[i] += f * slope
                    dk[i] += f * slope
                    of_factor[i] += slope * together
                    of_weight[i] += given * h
