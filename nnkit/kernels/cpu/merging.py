"""Merging of two arrays, and the gradients of each; vectors of length 1."""

import math

from nnkit.kernels._jit import kernel


@kernel(outputs=["y"], split=["a", "b", "y"], elementwise=True)
def add(a, b, y):
    """y = a + b."""
    for i in range(y.size):
        y[i] = a[i] + b[i]


@kernel(outputs=["y"], split=["a", "b", "y"], elementwise=True)
def subtract(a, b, y):
    """y = a - b."""
    for i in range(y.size):
        y[i] = a[i] - b[i]


@kernel(outputs=["y"], split=["a", "b", "y"], elementwise=True)
def multiply(a, b, y):
    """y = a b."""
    for i in range(y.size):
        y[i] = a[i] * b[i]


@kernel(outputs=["y"], split=["a", "b", "y"], elementwise=True)
def maximum(a, b, y):
    """y = the larger of a and b; NaN where one is NaN."""
    for i in range(y.size):
        y[i] = a[i] if a[i] >= b[i] or a[i] != a[i] else b[i]


@kernel(outputs=["y"], split=["a", "b", "y"], elementwise=True)
def minimum(a, b, y):
    """y = the smaller of a and b; NaN where one is NaN."""
    for i in range(y.size):
        y[i] = a[i] if a[i] <= b[i] or a[i] != a[i] else b[i]


@kernel(outputs=["da", "db"], split=["dy", "a", "b", "da", "db"], elementwise=True)
def maximum_backward(dy, a, b, da, db):
    """dy for the larger of a and b, 0 for the smaller; dy / 2 for each where they are equal."""
    half, zero = dy.dtype.type(0.5), dy.dtype.type(0)
    for i in range(dy.size):
        share = half * dy[i]
        other = dy[i] if a[i] > b[i] else zero
        da[i] = share if a[i] == b[i] else other
        db[i] = dy[i] - da[i]


@kernel(outputs=["y"], split=["a", "b", "y"])
def join(a, b, y):
    """y = a and b side by side; a (rows, m), b (rows, n), y (rows, m + n)."""
    m = a.shape[1]
    for i in range(y.shape[0]):
        for j in range(m):
            y[i, j] = a[i, j]
        for j in range(b.shape[1]):
            y[i, m + j] = b[i, j]


@kernel(outputs=["a", "b"], split=["y", "a", "b"])
def cut(y, a, b):
    """a, b = the first m and the last n columns of y; a (rows, m), b (rows, n), y (rows, m + n)."""
    m = a.shape[1]
    for i in range(y.shape[0]):
        for j in range(m):
            a[i, j] = y[i, j]
        for j in range(b.shape[1]):
            b[i, j] = y[i, m + j]


@kernel(outputs=["y"], split=["a", "b", "y"], elementwise=True)
def either(a, b, y):
    """y = whether a or b; all are bool."""
    for i in range(y.size):
        y[i] = a[i] or b[i]


@kernel(outputs=["y"], split=["merged", "a", "b", "a_counts", "b_counts", "y"])
def merge_what_counts(merged, a, b, a_counts, b_counts, keep, y):
    """y = ``merged`` in rows where both count, the one that counts in others; a, or 0, if none.

    ``keep`` is 1 or 0, which says what is left where none counts. Arrays are (rows, n), masks
    (rows,).
    """
    zero = y.dtype.type(0)
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            one = b[i, j] if b_counts[i] else a[i, j]
            left = one if a_counts[i] or b_counts[i] or keep else zero
            y[i, j] = merged[i, j] if a_counts[i] and b_counts[i] else left


_PARTS = ("dmerged", "da", "db")


@kernel(outputs=_PARTS, split=["dy", "a_counts", "b_counts", *_PARTS])
def merge_what_counts_backward(dy, a_counts, b_counts, keep, dmerged, da, db):
    """The gradients of what was merged, and of a and b where they took its place."""
    zero = dy.dtype.type(0)
    for i in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            both, only_b = a_counts[i] and b_counts[i], b_counts[i] and not a_counts[i]
            only_a = not b_counts[i] and (a_counts[i] or keep)
            dmerged[i, j] = dy[i, j] if both else zero
            da[i, j] = dy[i, j] if only_a else zero
            db[i, j] = dy[i, j] if only_b else zero


@kernel(outputs=["y"], split=["x", "y"])
def unit_vectors(x, most, y):
    """y = x min(1 / |x|, most) for each vector x[r, :, i]; (rows, n, inner)."""
    zero, one = x.dtype.type(0), x.dtype.type(1)
    bound = x.dtype.type(most)
    for r in range(x.shape[0]):
        for i in range(x.shape[2]):
            total = zero
            for k in range(x.shape[1]):
                total += x[r, k, i] * x[r, k, i]
            length = math.sqrt(total)
            factor = bound if length * bound < one else one / length
            for k in range(x.shape[1]):
                y[r, k, i] = factor * x[r, k, i]


@kernel(outputs=["dx"], split=["dy", "x", "dx"])
def unit_vectors_backward(dy, x, most, dx):
    """dx = f (dy - u (u dy)) with f = 1 / |x| and u = f x; ``most`` dy for vectors below it."""
    zero, one = x.dtype.type(0), x.dtype.type(1)
    bound = x.dtype.type(most)
    for r in range(x.shape[0]):
        for i in range(x.shape[2]):
            total, dot = zero, zero
            for k in range(x.shape[1]):
                total += x[r, k, i] * x[r, k, i]
                dot += x[r, k, i] * dy[r, k, i]
            length = math.sqrt(total)
            short = length * bound < one
            factor = bound if short else one / length
            along = zero if short else dot / total
            for k in range(x.shape[1]):
                dx[r, k, i] = factor * (dy[r, k, i] - along * x[r, k, i])
