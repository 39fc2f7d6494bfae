"""What nnkit.kernels.cpu.pooling computes.

``place`` is the window's size, its strides and the padding before the input, rows then columns.
"""

import numpy as np


def windows(shape, pixels, place):
    """Every output pixel with the part of the input that its window sees, and the element there."""
    ph, pw, stride_y, stride_x, top, left = place
    for i, j in np.ndindex(*pixels):
        row, column = i * stride_y - top, j * stride_x - left
        rows = slice(max(row, 0), min(row + ph, shape[1]))
        columns = slice(max(column, 0), min(column + pw, shape[2]))
        yield i, j, rows, columns


def max_pool2d(x, place, pixels):
    """The largest element, and which of its window's elements it is."""
    _, pw, stride_y, stride_x, top, left = place
    y = np.empty((len(x), *pixels, x.shape[3]))
    at = np.empty(y.shape, int)
    for i, j, rows, columns in windows(x.shape, pixels, place):
        part = x[:, rows, columns]
        y[:, i, j] = part.max((1, 2))
        flat = part.reshape(len(x), -1, x.shape[3]).argmax(1)
        p = flat // part.shape[2] + rows.start - (i * stride_y - top)
        q = flat % part.shape[2] + columns.start - (j * stride_x - left)
        at[:, i, j] = p * pw + q
    return y, at


def max_pool2d_backward(dy, at, place, shape):
    _, pw, stride_y, stride_x, top, left = place
    dx = np.zeros(shape)
    for n, i, j, c in np.ndindex(dy.shape):
        p, q = divmod(at[n, i, j, c], pw)
        dx[n, i * stride_y - top + p, j * stride_x - left + q, c] += dy[n, i, j, c]
    return dx


def average_pool2d(x, place, pixels):
    y = np.empty((len(x), *pixels, x.shape[3]))
    for i, j, rows, columns in windows(x.shape, pixels, place):
        y[:, i, j] = x[:, rows, columns].mean((1, 2))
    return y


def average_pool2d_backward(dy, place, shape):
    dx = np.zeros(shape)
    for i, j, rows, columns in windows(shape, dy.shape[1:3], place):
        part = dx[:, rows, columns]
        part += dy[:, i : i + 1, j : j + 1] / (part.shape[1] * part.shape[2])
    return dx


def masked_mean(x, mask):
    """The mean, and over how many steps."""
    count = mask.sum(1)
    total = (x * mask[:, :, None]).sum(1)
    return total / np.maximum(count, 1)[:, None], count


def masked_mean_backward(dy, mask, count):
    return mask[:, :, None] * (dy / np.maximum(count, 1)[:, None])[:, None]
