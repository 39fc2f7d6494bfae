"""Pooling: largest elements and means of windows on images (batch, height, width, channels).

A thread computes one element. Geometry and names are those of :mod:`nnkit.kernels.cpu.pooling`.
"""

from nnkit.kernels.cuda._cuda import device, elements, kernel, thread, threads
from nnkit.kernels.cuda._images import divide, split


@device
def _inside(i, stride, before, size, length):
    """A window's start along an axis, and the range of its elements inside the image: low, high."""
    start = i * stride - before
    return start, max(-start, 0), min(length - start, size)


@device
def _windows(row, stride, before, size, count):
    """The range of the windows that contain an element: low, high."""
    last, _ = divide(row + before, stride)
    early, _ = divide(max(row + before - size + stride, 0), stride)
    return early, min(last + 1, count)


@kernel(elements("y"))
def max_pool2d(x, ph, pw, stride_y, stride_x, top, left, y, at):
    """y = the largest element of each window, at = the index p pw + q of the first such element.

    NaN is larger than any number. ``at`` (of y's shape) are integers that hold ph pw - 1.
    """
    for element in range(thread(), y.size, threads()):
        n, i, j, c = split(element, y.shape)
        row, p0, p1 = _inside(i, stride_y, top, ph, x.shape[1])
        column, q0, q1 = _inside(j, stride_x, left, pw, x.shape[2])
        best, which = x[n, row + p0, column + q0, c], p0 * pw + q0
        for p in range(p0, p1):
            for q in range(q0, q1):
                seen = x[n, row + p, column + q, c]
                if seen > best or seen != seen:
                    best, which = seen, p * pw + q
        y[n, i, j, c] = best
        at[n, i, j, c] = which


@kernel(elements("dx"))
def max_pool2d_backward(dy, at, ph, pw, stride_y, stride_x, top, left, dx):
    """dx = the sum of dy over the windows in which the element is the largest."""
    for element in range(thread(), dx.size, threads()):
        n, row, column, c = split(element, dx.shape)
        i0, i1 = _windows(row, stride_y, top, ph, dy.shape[1])
        j0, j1 = _windows(column, stride_x, left, pw, dy.shape[2])
        total = dx.dtype.type(0)
        for i in range(i0, i1):
            for j in range(j0, j1):
                p, q = row - (i * stride_y - top), column - (j * stride_x - left)
                if at[n, i, j, c] == p * pw + q:
                    total += dy[n, i, j, c]
        dx[n, row, column, c] = total


@kernel(elements("y"))
def average_pool2d(x, ph, pw, stride_y, stride_x, top, left, y):
    """y = the mean of each window's elements inside of the image."""
    for element in range(thread(), y.size, threads()):
        n, i, j, c = split(element, y.shape)
        row, p0, p1 = _inside(i, stride_y, top, ph, x.shape[1])
        column, q0, q1 = _inside(j, stride_x, left, pw, x.shape[2])
        total = y.dtype.type(0)
        for p in range(p0, p1):
            for q in range(q0, q1):
                total += x[n, row + p, column + q, c]
        y[n, i, j, c] = total / y.dtype.type((p1 - p0) * (q1 - q0))


@kernel(elements("dx"))
def average_pool2d_backward(dy, ph, pw, stride_y, stride_x, top, left, dx):
    """dx = the sum, over the windows that the element is in, of dy / the size of the window."""
    for element in range(thread(), dx.size, threads()):
        n, row, column, c = split(element, dx.shape)
        i0, i1 = _windows(row, stride_y, top, ph, dy.shape[1])
        j0, j1 = _windows(column, stride_x, left, pw, dy.shape[2])
        total = dx.dtype.type(0)
        for i in range(i0, i1):
            _, p0, p1 = _inside(i, stride_y, top, ph, dx.shape[1])
            for j in range(j0, j1):
                _, q0, q1 = _inside(j, stride_x, left, pw, dx.shape[2])
                total += dy[n, i, j, c] / dx.dtype.type((p1 - p0) * (q1 - q0))
        dx[n, row, column, c] = total


@kernel(elements("y"))
def masked_mean(x, mask, y, count):
    """y (n, c) = the mean of x (n, steps, c) over the count (n,) steps in mask (n, steps); or 0."""
    for element in range(thread(), y.size, threads()):
        n, c = divide(element, y.shape[1])
        total, steps = y.dtype.type(0), 0
        for i in range(x.shape[1]):
            if mask[n, i]:
                total += x[n, i, c]
                steps += 1
        y[n, c] = total / y.dtype.type(max(steps, 1))
        if c == 0:
            count[n] = steps
