"""Affine transforms: images at points that lie elsewhere.

Images are (batch, outer, rows, columns, inner): ``inner`` is the channels or 1, ``outer`` 1 or the
channels. Points outside of an image are handled as in ``scipy.ndimage.affine_transform``.
"""

import math

from nnkit.kernels._jit import as_written, inline, kernel

CONSTANT, NEAREST, REFLECT, WRAP = range(4)


@as_written
def coordinate(a, d, e, i, j):
    """A coordinate of the point of an output pixel; how it is rounded decides what is inside."""
    return e + a * i + d * j


@inline
def into(at, n, mode):
    """A coordinate from 0 to n - 1 (reflected: from -1 to n) for any; -1 for none."""
    if 0 <= at <= n - 1:
        return at
    if mode == CONSTANT:
        return -1.0
    if mode == NEAREST:
        return 0.0 if at < 0 else n - 1.0
    if n == 1:
        return 0.0
    if mode == REFLECT:  # a b c c b a
        at -= 2 * n * math.floor(at / (2 * n))
        at = at if at < n else 2 * n - at - 1
    elif at < 0:  # WRAP: a b c b c, the last element is the first.
        at += (n - 1) * (math.floor(-at / (n - 1)) + 1)
    else:
        at -= (n - 1) * math.floor(at / (n - 1))
    return min(max(at, -1.0), n + 0.0)  # Far away, whole periods can't be told.


@kernel(outputs=["y"], split=["x", "matrices", "flips", "y"])
def affine(x, matrices, flips, order, mode, value, y):
    """y[b, o, i, j, c] = x[b, o, :, :, c] at the point matrices[b] (i, j, 1).

    Parameters
    ----------
    x, y : array (batch, outer, rows, columns, inner)
    matrices : array (batch, 2, 3)
        float64: row and column of the point.
    flips : array (batch, 2)
        Whether y's rows, and y's columns, are in reverse order.
    order : int
        1: between pixels, bilinear; 0: the nearest pixel.
    mode : int
        What is outside: 0 ``value``, 1 the nearest pixel, 2 the image reflected, 3 the image
        repeated.
    value : float
    """
    outer, rows, columns, inner = x.shape[1:]
    # In one axis, an index is computed once for all channels.
    old, new, size = x.reshape(x.size), y.reshape(x.size), rows * columns * inner
    for b in range(y.shape[0]):
        a, d, e = matrices[b, 0, 0], matrices[b, 0, 1], matrices[b, 0, 2]
        f, g, h = matrices[b, 1, 0], matrices[b, 1, 1], matrices[b, 1, 2]
        start = b * outer * size
        for i in range(rows):
            row = rows - 1 - i if flips[b, 0] else i
            for j in range(columns):
                column = columns - 1 - j if flips[b, 1] else j
                top = into(coordinate(a, d, e, row, column), rows, mode)
                left = into(coordinate(f, g, h, row, column), columns, mode)
                at = start + (i * columns + j) * inner
                if mode == CONSTANT and (top < 0 or left < 0):
                    for o in range(0, outer * size, size):
                        for c in range(o, o + inner):
                            new[at + c] = value
                    continue
                if order == 0:
                    top, left = math.floor(top + 0.5) + 0.0, math.floor(left + 0.5) + 0.0
                r, s = math.floor(top), math.floor(left)
                down, right = top - r, left - s
                r2, s2 = min(max(r + 1, 0), rows - 1), min(max(s + 1, 0), columns - 1)
                r, s = min(max(r, 0), rows - 1), min(max(s, 0), columns - 1)
                p, q = start + (r * columns + s) * inner, start + (r * columns + s2) * inner
                p2, q2 = start + (r2 * columns + s) * inner, start + (r2 * columns + s2) * inner
                here, there = (1 - down) * (1 - right), (1 - down) * right
                below, across = down * (1 - right), down * right
                for o in range(0, outer * size, size):
                    for c in range(o, o + inner):
                        # What weighs nothing doesn't count, even if it is infinite or NaN.
                        v = here * old[p + c]
                        if right > 0:
                            v += there * old[q + c]
                        if down > 0:
                            v += below * old[p2 + c]
                        if across > 0:
                            v += across * old[q2 + c]
                        new[at + c] = v
