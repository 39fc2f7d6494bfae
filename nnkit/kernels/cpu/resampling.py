"""New lengths of an axis: weighted sums, and largest elements, of ranges along it.

Arrays are (batch, outer, length, inner). A range is the elements from ``starts`` on, ``counts`` of
them, for each element of the result.
"""

from nnkit.kernels._jit import kernel
from nnkit.kernels.cpu._images import fill


@kernel(outputs=["y"], split=["x", "y"])
def resample(x, starts, counts, weights, y):
    """y[b, o, i] = the sum over k < counts[i] of weights[i, k] x[b, o, starts[i] + k]."""
    for b in range(y.shape[0]):
        for o in range(y.shape[1]):
            for i in range(y.shape[2]):
                total = y[b, o, i]
                fill(total, 0)
                for k in range(counts[i]):
                    factor, seen = weights[i, k], x[b, o, starts[i] + k]
                    for c in range(total.size):
                        total[c] += factor * seen[c]


@kernel(outputs=["y", "at"], split=["x", "y", "at"])
def range_max(x, starts, counts, y, at):
    """y[b, o, i] = the largest of x[b, o] from starts[i] on, at = the index of the first such.

    NaN is larger than any number.
    """
    for b in range(y.shape[0]):
        for o in range(y.shape[1]):
            for i in range(y.shape[2]):
                best, which, seen = y[b, o, i], at[b, o, i], x[b, o, starts[i]]
                for c in range(best.size):
                    best[c] = seen[c]
                    which[c] = starts[i]
                for k in range(starts[i] + 1, starts[i] + counts[i]):
                    seen = x[b, o, k]
                    here = at.dtype.type(k)
                    for c in range(best.size):
                        larger = seen[c] > best[c] or seen[c] != seen[c]
                        best[c] = seen[c] if larger else best[c]
                        which[c] = here if larger else which[c]


@kernel(outputs=["dx"], split=["dy", "at", "dx"])
def range_max_backward(dy, at, starts, counts, dx):
    """dx[b, o, j] = the sum of dy[b, o, i] where at is j, over the range of i that see it."""
    zero = dx.dtype.type(0)
    for b in range(dx.shape[0]):
        for o in range(dx.shape[1]):
            for j in range(dx.shape[2]):
                total = dx[b, o, j]
                fill(total, 0)
                for i in range(starts[j], starts[j] + counts[j]):
                    slope, which = dy[b, o, i], at[b, o, i]
                    for c in range(total.size):
                        total[c] += slope[c] if which[c] == j else zero
