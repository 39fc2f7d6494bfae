"""What nnkit.kernels.cpu.convolution and depthwise compute.

``place`` is strides, padding before the input and dilation, rows then columns, and the number of
groups. A depthwise convolution has as many groups as channels.
"""

import numpy as np


def seen(x_shape, w_shape, y_shape, place):
    """Every output pixel with every element of its window that is inside of the input."""
    stride_y, stride_x, top, left, dilation_y, dilation_x, _ = place
    for i, j, p, q in np.ndindex(*y_shape[1:3], *w_shape[:2]):
        row, column = i * stride_y - top + p * dilation_y, j * stride_x - left + q * dilation_x
        if 0 <= row < x_shape[1] and 0 <= column < x_shape[2]:
            yield (i, j), (p, q), (row, column)


def shares(place, channels, filters):
    """The channels and the filters of each group."""
    groups = place[-1]
    c, f = channels // groups, filters // groups
    return [(slice(g * c, g * c + c), slice(g * f, g * f + f)) for g in range(groups)]


def conv2d(x, w, place, pixels):
    y = np.zeros((len(x), *pixels, w.shape[3]))
    for (i, j), (p, q), (row, column) in seen(x.shape, w.shape, y.shape, place):
        for c, f in shares(place, x.shape[3], w.shape[3]):
            y[:, i, j, f] += x[:, row, column, c] @ w[p, q, :, f]
    return y


def conv2d_weights(x, dy, w_shape, place):
    dw = np.zeros(w_shape)
    for (i, j), (p, q), (row, column) in seen(x.shape, w_shape, dy.shape, place):
        for c, f in shares(place, x.shape[3], w_shape[3]):
            dw[p, q, :, f] += x[:, row, column, c].T @ dy[:, i, j, f]
    return dw


def conv2d_transpose(dy, w, place, x_shape):
    dx = np.zeros(x_shape)
    for (i, j), (p, q), (row, column) in seen(x_shape, w.shape, dy.shape, place):
        for c, f in shares(place, x_shape[3], w.shape[3]):
            dx[:, row, column, c] += dy[:, i, j, f] @ w[p, q, :, f].T
    return dx


def im2col(x, w_shape, place, pixels):
    """Windows by the unit kernel: each element is a filter."""
    k = w_shape[0] * w_shape[1] * x.shape[3]
    unit = np.eye(k).reshape(*w_shape[:2], x.shape[3], k)
    return conv2d(x, unit, place, pixels)


def col2im(windows, w_shape, place, x_shape):
    """Its transpose."""
    k = windows.shape[3]
    unit = np.eye(k).reshape(*w_shape[:2], x_shape[3], k)
    return conv2d_transpose(windows, unit, place, x_shape)


def stack_planes(x, place, shape):
    """What windows see along the depth: the planes side by side; ``place`` is of this axis."""
    stacks = np.zeros(shape)
    for (i, p), plane in planes_seen(place, shape, x.shape[1]):
        stacks[:, i, :, p] = x[:, plane]
    return stacks


def add_planes(stacks, place, shape):
    """Its transpose."""
    y = np.zeros(shape)
    for (i, p), plane in planes_seen(place, stacks.shape, shape[1]):
        y[:, plane] += stacks[:, i, :, p]
    return y


def planes_seen(place, shape, depth):
    stride, front, dilation = place
    for i, p in np.ndindex(shape[1], shape[3]):
        plane = i * stride - front + p * dilation
        if 0 <= plane < depth:
            yield (i, p), plane
