"""New lengths of an axis: weighted sums, and largest elements, of ranges along it.

A thread computes one element. Names are those of :mod:`nnkit.kernels.cpu.resampling`.
"""

from nnkit.kernels.cuda._cuda import elements, kernel, thread, threads
from nnkit.kernels.cuda._images import split


@kernel(elements("y"))
def resample(x, starts, counts, weights, y):
    """y[b, o, i] = the sum over k < counts[i] of weights[i, k] x[b, o, starts[i] + k]."""
    for element in range(thread(), y.size, threads()):
        b, o, i, c = split(element, y.shape)
        total, start = y.dtype.type(0), starts[i]
        for k in range(counts[i]):
            total += weights[i, k] * x[b, o, start + k, c]
        y[b, o, i, c] = total


@kernel(elements("y"))
def range_max(x, starts, counts, y, at):
    """y[b, o, i] = the largest of x[b, o] from starts[i] on, at = the index of the first such."""
    for element in range(thread(), y.size, threads()):
        b, o, i, c = split(element, y.shape)
        start = starts[i]
        best, which = x[b, o, start, c], start
        for k in range(start + 1, start + counts[i]):
            seen = x[b, o, k, c]
            if seen > best or seen != seen:
                best, which = seen, k
        y[b, o, i, c] = best
        at[b, o, i, c] = which


@kernel(elements("dx"))
def range_max_backward(dy, at, starts, counts, dx):
    """dx[b, o, j] = the sum of dy[b, o, i] where at is j, over the range of i that see it."""
    for element in range(thread(), dx.size, threads()):
        b, o, j, c = split(element, dx.shape)
        total, start = dx.dtype.type(0), starts[j]
        for i in range(start, start + counts[j]):
            if at[b, o, i, c] == j:
                total += dy[b, o, i, c]
        dx[b, o, j, c] = total
