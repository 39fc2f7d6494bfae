"""Pooling: largest elements and means of windows on images (batch, height, width, channels).

An output pixel (i, j) sees the input pixels (i stride_y - top + p, j stride_x - left + q) for
p < ph and q < pw; those outside of the image don't count. At least one is inside.
"""

from nnkit.kernels._jit import inline, kernel
from nnkit.kernels.cpu._images import fill, inside


@inline
def _in_squares(x, y, ph, pw, stride_y, stride_x, top, left):
    """Whether windows are 2x2, side by side, and inside of x, as in most networks."""
    squares = ph == 2 and pw == 2 and stride_y == 2 and stride_x == 2 and top == 0 and left == 0
    return squares and 2 * y.shape[1] <= x.shape[1] and 2 * y.shape[2] <= x.shape[2]


@inline
def _clear_rest(x, y):
    """Zeros in what is in no 2x2 window: the last line and column of odd sizes."""
    high, across = 2 * y.shape[1], 2 * y.shape[2]
    for n in range(x.shape[0]):
        for i in range(high):
            for j in range(across, x.shape[2]):
                fill(x[n, i, j], 0)
        for i in range(high, x.shape[1]):
            fill(x[n, i], 0)


@kernel(outputs=["y", "at"], split=["x", "y", "at"])
def max_pool2d(x, ph, pw, stride_y, stride_x, top, left, y, at):
    """y = the largest element of each window, at = the index p pw + q of the first such element.

    NaN is larger than any number. ``at`` (of y's shape) are integers that hold ph pw - 1.
    """
    if _in_squares(x, y, ph, pw, stride_y, stride_x, top, left):
        one, two, three = at.dtype.type(1), at.dtype.type(2), at.dtype.type(3)
        for n in range(y.shape[0]):
            for i in range(y.shape[1]):
                for j in range(y.shape[2]):
                    a, b = x[n, 2 * i, 2 * j], x[n, 2 * i, 2 * j + 1]
                    d, e = x[n, 2 * i + 1, 2 * j], x[n, 2 * i + 1, 2 * j + 1]
                    best, which = y[n, i, j], at[n, i, j]
                    for c in range(best.size):
                        first = b[c] > a[c] or b[c] != b[c]
                        top_best = b[c] if first else a[c]
                        second = e[c] > d[c] or e[c] != e[c]
                        low_best = e[c] if second else d[c]
                        low = low_best > top_best or low_best != low_best
                        best[c] = low_best if low else top_best
                        of_low = three if second else two
                        of_top = one if first else at.dtype.type(0)
                        which[c] = of_low if low else of_top
        return
    for n in range(y.shape[0]):
        for i in range(y.shape[1]):
            row, p0, p1 = inside(i, stride_y, top, 1, ph, x.shape[1])
            for j in range(y.shape[2]):
                column, q0, q1 = inside(j, stride_x, left, 1, pw, x.shape[2])
                best, which = y[n, i, j], at[n, i, j]
                seen = x[n, row + p0, column + q0]
                for c in range(best.size):
                    best[c] = seen[c]
                    which[c] = p0 * pw + q0
                for p in range(p0, p1):
                    for q in range(q0, q1):
                        seen = x[n, row + p, column + q]
                        tap = at.dtype.type(p * pw + q)
                        for c in range(best.size):
                            larger = seen[c] > best[c] or seen[c] != seen[c]
                            best[c] = seen[c] if larger else best[c]
                            which[c] = tap if larger else which[c]


@kernel(outputs=["dx"], split=["dy", "at", "dx"])
def max_pool2d_backward(dy, at, ph, pw, stride_y, stride_x, top, left, dx):
    """dx = the sum of dy over the windows in which the element is the largest."""
    zero = dx.dtype.type(0)
    if _in_squares(dx, dy, ph, pw, stride_y, stride_x, top, left):
        _clear_rest(dx, dy)
        for n in range(dy.shape[0]):
            for i in range(dy.shape[1]):
                for j in range(dy.shape[2]):
                    slope, which = dy[n, i, j], at[n, i, j]
                    for tap in range(4):  # One by one: with several outputs none is vectorised.
                        to = dx[n, 2 * i + tap // 2, 2 * j + tap % 2]
                        its = at.dtype.type(tap)
                        for c in range(slope.size):
                            to[c] = slope[c] if which[c] == its else zero
        return
    for n in range(dy.shape[0]):
        fill(dx[n], 0)
        for i in range(dy.shape[1]):
            row, p0, p1 = inside(i, stride_y, top, 1, ph, dx.shape[1])
            for j in range(dy.shape[2]):
                column, q0, q1 = inside(j, stride_x, left, 1, pw, dx.shape[2])
                slope, which = dy[n, i, j], at[n, i, j]
                for p in range(p0, p1):
                    for q in range(q0, q1):
                        to = dx[n, row + p, column + q]
                        tap = at.dtype.type(p * pw + q)
                        for c in range(to.size):
                            to[c] += slope[c] if which[c] == tap else zero


@kernel(outputs=["y"], split=["x", "y"])
def average_pool2d(x, ph, pw, stride_y, stride_x, top, left, y):
    """y = the mean of each window's elements inside of the image."""
    for n in range(y.shape[0]):
        for i in range(y.shape[1]):
            row, p0, p1 = inside(i, stride_y, top, 1, ph, x.shape[1])
            for j in range(y.shape[2]):
                column, q0, q1 = inside(j, stride_x, left, 1, pw, x.shape[2])
                mean = y[n, i, j]
                if p1 - p0 == 2 and q1 - q0 == 2:  # The usual case, all four at once.
                    _mean_of_four(x[n, row + p0 :, column + q0 :], mean)
                    continue
                fill(mean, 0)
                for p in range(p0, p1):
                    for q in range(q0, q1):
                        seen = x[n, row + p, column + q]
                        for c in range(mean.size):
                            mean[c] += seen[c]
                factor = y.dtype.type(1) / y.dtype.type((p1 - p0) * (q1 - q0))
                for c in range(mean.size):
                    mean[c] *= factor


@inline
def _mean_of_four(x, mean):
    a, b, c, d = x[0, 0], x[0, 1], x[1, 0], x[1, 1]
    quarter = x.dtype.type(0.25)
    for e in range(mean.size):
        mean[e] = quarter * ((a[e] + b[e]) + (c[e] + d[e]))


@kernel(outputs=["dx"], split=["dy", "dx"])
def average_pool2d_backward(dy, ph, pw, stride_y, stride_x, top, left, dx):
    """dx = the sum, over the windows that the element is in, of dy / the size of the window."""
    if _in_squares(dx, dy, ph, pw, stride_y, stride_x, top, left):
        _clear_rest(dx, dy)
        quarter, channels, line = dx.dtype.type(0.25), dx.shape[3], dx.shape[2] * dx.shape[3]
        out, slopes = dx.reshape(-1), dy.reshape(-1)
        for n in range(dy.shape[0]):
            for i in range(dy.shape[1]):
                at = (n * dx.shape[1] + 2 * i) * line
                source = (n * dy.shape[1] + i) * dy.shape[2] * channels
                for j in range(dy.shape[2]):
                    for c in range(channels):
                        share = quarter * slopes[source + j * channels + c]
                        out[at + 2 * j * channels + c] = share
                        out[at + (2 * j + 1) * channels + c] = share
                size = 2 * dy.shape[2] * channels
                upper, lower = out[at : at + size], out[at + line : at + line + size]
                for k in range(size):
                    lower[k] = upper[k]
        return
    for n in range(dy.shape[0]):
        fill(dx[n], 0)
        for i in range(dy.shape[1]):
            row, p0, p1 = inside(i, stride_y, top, 1, ph, dx.shape[1])
            for j in range(dy.shape[2]):
                column, q0, q1 = inside(j, stride_x, left, 1, pw, dx.shape[2])
                slope = dy[n, i, j]
                factor = dx.dtype.type(1) / dx.dtype.type((p1 - p0) * (q1 - q0))
                for p in range(p0, p1):
                    for q in range(q0, q1):
                        to = dx[n, row + p, column + q]
                        for c in range(to.size):
                            to[c] += factor * slope[c]


@kernel(outputs=["y", "count"], split=["x", "mask", "y", "count"])
def masked_mean(x, mask, y, count):
    """y (n, c) = the mean of x (n, steps, c) over the count (n,) steps in mask (n, steps); or 0."""
    for n in range(x.shape[0]):
        mean, steps = y[n], 0
        fill(mean, 0)
        for i in range(x.shape[1]):
            if mask[n, i]:
                steps += 1
                seen = x[n, i]
                for c in range(mean.size):
                    mean[c] += seen[c]
        count[n] = steps
        factor = y.dtype.type(1) / y.dtype.type(max(steps, 1))
        for c in range(mean.size):
            mean[c] *= factor


@kernel(outputs=["dx"], split=["dy", "mask", "count", "dx"])
def masked_mean_backward(dy, mask, count, dx):
    """dx = dy / count for the steps in the mask, else 0."""
    for n in range(dx.shape[0]):
        slope = dy[n]
        factor = dx.dtype.type(1) / dx.dtype.type(max(count[n], 1))
        for i in range(dx.shape[1]):
            to = dx[n, i]
            share = factor if mask[n, i] else dx.dtype.type(0)
            for c in range(to.size):
                to[c] = share * slope[c]
