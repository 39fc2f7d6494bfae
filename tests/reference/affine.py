"""What nnkit.kernels.cpu.affine computes, pixel by pixel."""

import itertools
import math


def index(i, n, mode):
    """The pixel that stands at a place, inside or outside; None for none."""
    if 0 <= i < n:
        return i
    if mode == "constant":
        return None
    if mode == "nearest":
        return 0 if i < 0 else n - 1
    if n == 1:
        return 0
    i %= 2 * n
    return i if i < n else 2 * n - 1 - i


def wrapped(at, n):
    """As SciPy does: the last pixel is the first of the next copy, but for the image itself."""
    while n > 1 and at < 0:
        at += n - 1
    while n > 1 and at > n - 1:
        at -= n - 1
    return at if n > 1 else 0.0


def affine(x, matrices, flips, order, mode, value):
    y = x.astype(float)
    _, _, rows, columns, _ = x.shape
    for b, i, j in itertools.product(range(len(x)), range(rows), range(columns)):
        r = rows - 1 - i if flips[b, 0] else i
        s = columns - 1 - j if flips[b, 1] else j
        at = [float(m[2]) + float(m[0]) * r + float(m[1]) * s for m in matrices[b]]
        inside = all(0 <= a <= n - 1 for a, n in zip(at, (rows, columns), strict=True))
        if mode == "constant" and not inside:
            y[b, :, i, j] = value
            continue
        if mode == "wrap":
            at = [wrapped(a, n) for a, n in zip(at, (rows, columns), strict=True)]
        if order == 0:
            at = [math.floor(a + 0.5) for a in at]
        low = [math.floor(a) for a in at]
        y[b, :, i, j] = 0
        for down, right in itertools.product(range(2), repeat=2):
            weight = abs(1 - down - (at[0] - low[0])) * abs(1 - right - (at[1] - low[1]))
            if weight:
                p, q = index(low[0] + down, rows, mode), index(low[1] + right, columns, mode)
                y[b, :, i, j] += weight * x[b, :, p, q]
    return y
