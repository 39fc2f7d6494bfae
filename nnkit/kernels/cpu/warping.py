"""Images transformed at random: each at points of its own, and in other tones.

Images are (batch, outer, rows, columns, inner): ``inner`` is the channels or 1, ``outer`` 1 or the
channels.
"""

from nnkit.kernels._jit import inline, kernel
from nnkit.kernels.cpu._images import divide

CONSTANT, NEAREST, REFLECT, WRAP = range(4)


@inline
def between(low, high, share):
    """The number that has a share of an interval below it."""
    return low + (high - low) * share


@inline
def turned(angle):
    """Cosine and sine of an angle from -2 pi to 2 pi.

    By the series of a sixteenth of it, doubled four times: the library's functions take memory on
    GPUs for angles that are never drawn.
    """
    x = angle / 16
    square = x * x
    sine, cosine, term = x, 1.0, x
    factor = 1.0
    for i in range(1, 9):
        factor *= -square / (2 * i - 1) / (2 * i)
        cosine += factor
        term *= -square / (2 * i) / (2 * i + 1)
        sine += term
    for _ in range(4):
        sine, cosine = 2 * sine * cosine, 1 - 2 * sine * sine
    return cosine, sine


@inline
def floor(x):
    """The largest whole number that is not above x, as an index."""
    whole = int(x)
    return whole - 1 if x < whole else whole


@kernel(outputs=["points"], split=["shares", "points"])
def random_points(
    shares,
    angle_low,
    angle_high,
    tall_low,
    tall_high,
    wide_low,
    wide_high,
    alike,
    down_low,
    down_high,
    right_low,
    right_high,
    vertical,
    horizontal,
    rows,
    columns,
    points,
):
    """Where the pixels of each image come from: row and column are points[b] (i, j, 1).

    Parameters
    ----------
    shares : array (batch, 7)
        Random numbers from 0, below 1: of the angle in radians, the factors of height and width,
        the shifts down and right in pixels, and whether there is a vertical and a horizontal flip.
    angle_low, ..., right_high : float
        The intervals.
    alike, vertical, horizontal : int
        Whether both factors are one number; and which flips there may be, each half of the time.
    rows, columns : int
        Of an image, about whose middle it is turned.
    points : array (batch, 2, 3)
    """
    top, left = (rows - 1) / 2, (columns - 1) / 2
    for b in range(points.shape[0]):
        angle = between(angle_low, angle_high, shares[b, 0])
        tall = between(tall_low, tall_high, shares[b, 1])
        wide = tall if alike else between(wide_low, wide_high, shares[b, 2])
        cosine, sine = turned(angle)
        down = -1.0 if vertical and shares[b, 5] < 0.5 else 1.0
        right = -1.0 if horizontal and shares[b, 6] < 0.5 else 1.0
        points[b, 0, 0], points[b, 0, 1] = tall * cosine * down, tall * sine * right
        points[b, 1, 0], points[b, 1, 1] = -wide * sine * down, wide * cosine * right
        points[b, 0, 2] = top - points[b, 0, 0] * top - points[b, 0, 1] * left
        points[b, 0, 2] -= between(down_low, down_high, shares[b, 3])
        points[b, 1, 2] = left - points[b, 1, 0] * top - points[b, 1, 1] * left
        points[b, 1, 2] -= between(right_low, right_high, shares[b, 4])


@kernel(outputs=["points"], split=["points"])
def random_corner(shares, most_down, most_right, points):
    """Points of one part of all images: it begins up to so many rows and columns from the first.

    shares (1, 2) are random numbers from 0, below 1.
    """
    for b in range(points.shape[0]):
        points[b, 0, 0], points[b, 0, 1] = 1.0, 0.0
        points[b, 1, 0], points[b, 1, 1] = 0.0, 1.0
        points[b, 0, 2] = floor(shares[0, 0] * (most_down + 1)) + 0.0
        points[b, 1, 2] = floor(shares[0, 1] * (most_right + 1)) + 0.0


@inline
def index(at, n, mode):
    """The index of an element of n for one that may be outside; -1 for none."""
    if 0 <= at < n:
        return at
    if mode == CONSTANT:
        return -1
    if mode == NEAREST:
        return 0 if at < 0 else n - 1
    if mode == WRAP:  # a b c a b c
        return at % n
    at %= 2 * n  # a b c c b a
    return at if at < n else 2 * n - 1 - at


@kernel(outputs=["y"], split=["x", "points", "y"])
def warp(x, points, order, mode, value, y):
    """y[b, o, i, j, c] = x[b, o, :, :, c] at the point points[b] (i, j, 1).

    Parameters
    ----------
    x, y : array (batch, outer, rows, columns, inner)
    points : array (batch, 2, 3)
        float64: row and column.
    order : int
        1: between pixels, bilinear; 0: the nearest pixel.
    mode : int
        What is outside: 0 ``value``, 1 the nearest pixel, 2 the image reflected, 3 the image again.
    value : float
    """
    outer, rows, columns, inner = x.shape[1:]
    new_rows, new_columns = y.shape[2], y.shape[3]
    zero, fixed = y.dtype.type(0), y.dtype.type(value)
    for line in range(y.shape[0] * new_rows):
        b, i = divide(line, new_rows)
        for j in range(new_columns):
            at_row = points[b, 0, 0] * i + points[b, 0, 1] * j + points[b, 0, 2]
            at_column = points[b, 1, 0] * i + points[b, 1, 1] * j + points[b, 1, 2]
            if order == 0:
                r = index(floor(at_row + 0.5), rows, mode)
                s = index(floor(at_column + 0.5), columns, mode)
                seen = r >= 0 and s >= 0
                for o in range(outer):
                    for c in range(inner):
                        y[b, o, i, j, c] = x[b, o, r, s, c] if seen else fixed
                continue
            top, left = floor(at_row), floor(at_column)
            down, right = at_row - top, at_column - left
            r, r2 = index(top, rows, mode), index(top + 1, rows, mode)
            s, s2 = index(left, columns, mode), index(left + 1, columns, mode)
            here, there = y.dtype.type((1 - down) * (1 - right)), y.dtype.type((1 - down) * right)
            below, across = y.dtype.type(down * (1 - right)), y.dtype.type(down * right)
            # What weighs nothing doesn't count, even if it is infinite or NaN.
            if min(r, r2, s, s2) >= 0 and here and there and below and across:
                for o in range(outer):
                    for c in range(inner):
                        upper = here * x[b, o, r, s, c] + there * x[b, o, r, s2, c]
                        lower = below * x[b, o, r2, s, c] + across * x[b, o, r2, s2, c]
                        y[b, o, i, j, c] = upper + lower
                continue
            for o in range(outer):
                for c in range(inner):
                    v = here * (x[b, o, r, s, c] if r >= 0 and s >= 0 else fixed)
                    v += (
                        there * (x[b, o, r, s2, c] if r >= 0 and s2 >= 0 else fixed)
                        if there
                        else zero
                    )
                    v += (
                        below * (x[b, o, r2, s, c] if r2 >= 0 and s >= 0 else fixed)
                        if below
                        else zero
                    )
                    v += (
                        across * (x[b, o, r2, s2, c] if r2 >= 0 and s2 >= 0 else fixed)
                        if across
                        else zero
                    )
                    y[b, o, i, j, c] = v


@kernel(outputs=["dx"], split=["dy", "points", "dx"])
def warp_backward(dy, points, order, mode, dx):
    """dx[b, o, p, q, c] = the sum of dy[b, o, i, j, c] times the weight with which it saw x."""
    outer, rows, columns, inner = dx.shape[1:]
    zero = dx.dtype.type(0)
    for b in range(dx.shape[0]):
        for o in range(outer):
            for p in range(rows):
                for q in range(columns):
                    for c in range(inner):
                        dx[b, o, p, q, c] = zero
        for i in range(dy.shape[2]):
            for j in range(dy.shape[3]):
                at_row = points[b, 0, 0] * i + points[b, 0, 1] * j + points[b, 0, 2]
                at_column = points[b, 1, 0] * i + points[b, 1, 1] * j + points[b, 1, 2]
                if order == 0:
                    at_row = floor(at_row + 0.5) + 0.0
                    at_column = floor(at_column + 0.5) + 0.0
                top, left = floor(at_row), floor(at_column)
                down, right = at_row - top, at_column - left
                for k in range(4):
                    tall, wide = divide(k, 2)
                    share = (down if tall else 1 - down) * (right if wide else 1 - right)
                    r, s = index(top + tall, rows, mode), index(left + wide, columns, mode)
                    if share == 0 or r < 0 or s < 0:
                        continue
                    weight = dx.dtype.type(share)
                    for o in range(outer):
                        for c in range(inner):
                            dx[b, o, r, s, c] += weight * dy[b, o, i, j, c]


@inline
def _tones(shares, b, factor_low, factor_high, shift_low, shift_high):
    factor = between(factor_low, factor_high, shares[b, 0])
    return factor, between(shift_low, shift_high, shares[b, 1])


@kernel(outputs=["y"], split=["x", "shares", "y"])
def random_tones(x, shares, factor_low, factor_high, shift_low, shift_high, lowest, highest, y):
    """y = factor x + (1 - factor) mean x + shift, from ``lowest`` to ``highest``.

    Parameters
    ----------
    x, y : array (batch, outer, pixels, inner)
        The mean is that of a channel of an image.
    shares : array (batch, 2)
        Random numbers from 0, below 1: of each image's factor and shift.
    factor_low, factor_high, shift_low, shift_high : float
        The intervals.
    lowest, highest : float
    """
    pixels = x.shape[2]
    low, high = y.dtype.type(lowest), y.dtype.type(highest)
    for b in range(x.shape[0]):
        factor, shift = _tones(shares, b, factor_low, factor_high, shift_low, shift_high)
        scale = y.dtype.type(factor)
        for o in range(x.shape[1]):
            for c in range(x.shape[3]):
                total = 0.0
                for p in range(pixels):
                    total += x[b, o, p, c]
                added = y.dtype.type((1 - factor) * (total / pixels) + shift)
                for p in range(pixels):
                    v = scale * x[b, o, p, c] + added
                    y[b, o, p, c] = low if v < low else high if v > high else v


@kernel(outputs=["dx"], split=["x", "shares", "dy", "dx"])
def random_tones_backward(
    x, shares, factor_low, factor_high, shift_low, shift_high, lowest, highest, dy, dx
):
    """dx = factor d + (1 - factor) mean d, where d is dy, or 0 where y was cut off."""
    pixels = x.shape[2]
    low, high, zero = dx.dtype.type(lowest), dx.dtype.type(highest), dx.dtype.type(0)
    for b in range(x.shape[0]):
        factor, shift = _tones(shares, b, factor_low, factor_high, shift_low, shift_high)
        scale = dx.dtype.type(factor)
        for o in range(x.shape[1]):
            for c in range(x.shape[3]):
                total = 0.0
                for p in range(pixels):
                    total += x[b, o, p, c]
                added = dx.dtype.type((1 - factor) * (total / pixels) + shift)
                total = 0.0
                for p in range(pixels):
                    v = scale * x[b, o, p, c] + added
                    d = zero if v < low or v > high else dy[b, o, p, c]
                    dx[b, o, p, c] = d
                    total += d
                mean = dx.dtype.type((1 - factor) * (total / pixels))
                for p in range(pixels):
                    dx[b, o, p, c] = scale * dx[b, o, p, c] + mean
