"""Merging of two arrays, and the gradients of each."""

from nnkit.kernels._jit import kernel


@kernel(outputs=["y"], split=["a", "b", "y"], elementwise=True)
def add(a, b, y):
    """y = a + b."""
    for i in range(y.size):
        y[i] = a[i] + b[i]


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
