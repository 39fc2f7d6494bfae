"""What nnkit.kernels.cpu.warping computes, pixel by pixel."""

import math

import numpy as np

MODES = ("constant", "nearest", "reflect", "wrap")


def random_points(shares, angle, tall, wide, alike, down, right, vertical, horizontal, size):
    """3 x 3 matrices, of which the last row is left out."""
    found = []
    for share in shares:
        angle_, tall_, wide_, down_, right_ = (
            low + (high - low) * s
            for (low, high), s in zip((angle, tall, wide, down, right), share, strict=False)
        )
        middle, back = np.eye(3), np.eye(3)
        middle[:2, 2] = (np.array(size) - 1) / 2
        back[:2, 2] = -middle[:2, 2]
        c, s = math.cos(angle_), math.sin(angle_)
        turned = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
        zoomed = np.diag([tall_, tall_ if alike else wide_, 1])
        signs = [
            -1 if vertical and share[5] < 0.5 else 1,
            -1 if horizontal and share[6] < 0.5 else 1,
        ]
        moved = np.eye(3)
        moved[:2, 2] = -down_, -right_
        found.append((moved @ middle @ zoomed @ turned @ np.diag([*signs, 1]) @ back)[:2])
    return np.array(found).reshape(-1, 2, 3)


def index(at, n, mode):
    if mode == "wrap":
        return at % n
    if mode == "reflect":
        at %= 2 * n
        return min(at, 2 * n - 1 - at)
    if mode == "nearest":
        return min(max(at, 0), n - 1)
    return at if 0 <= at < n else None


def weights(point, order, size, mode):
    """The pixels that a point sees: row, column (None for what is outside) and weight."""
    if order == 0:
        point = np.floor(point + 0.5)
    low = np.floor(point).astype(int)
    for tall in (0, 1):
        for wide in (0, 1):
            near = 1 - abs(point - low - [tall, wide])
            if near.prod():
                places = zip((low[0] + tall, low[1] + wide), size, strict=True)
                yield *(index(int(at), n, mode) for at, n in places), near.prod()


def warp(x, points, order, mode, value, size):
    y = np.zeros((*x.shape[:2], *size, x.shape[4]))
    for b, i, j in np.ndindex(len(x), *size):
        for r, s, weight in weights(points[b] @ [i, j, 1], order, x.shape[2:4], mode):
            y[b, :, i, j] += weight * (value if None in (r, s) else x[b, :, r, s])
    return y


def warp_backward(dy, points, order, mode, shape):
    dx = np.zeros(shape)
    for b, i, j in np.ndindex(len(dy), *dy.shape[2:4]):
        for r, s, weight in weights(points[b] @ [i, j, 1], order, shape[2:4], mode):
            if None not in (r, s):
                dx[b, :, r, s] += weight * dy[b, :, i, j]
    return dx


def _tones(x, shares, factors, shifts):
    factor, shift = (
        (low + (high - low) * shares[:, k]).reshape(-1, 1, 1, 1)
        for k, (low, high) in enumerate((factors, shifts))
    )
    return factor, factor * x + (1 - factor) * x.mean(2, keepdims=True) + shift


def random_tones(x, shares, factors, shifts, lowest, highest):
    return _tones(x, shares, factors, shifts)[1].clip(lowest, highest)


def random_tones_backward(x, shares, factors, shifts, lowest, highest, dy):
    factor, y = _tones(x, shares, factors, shifts)
    d = np.where((y < lowest) | (y > highest), 0, dy)
    return factor * d + (1 - factor) * d.mean(2, keepdims=True)
