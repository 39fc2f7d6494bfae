"""What nnkit.kernels.cpu.shaping computes."""

import numpy as np


def zero_pad(x, top, left, shape):
    y = np.zeros(shape)
    y[:, :, top : top + x.shape[2], left : left + x.shape[3]] = x
    return y


def zero_pad_backward(dy, top, left, shape):
    return dy[:, :, top : top + shape[2], left : left + shape[3]]


def repeat(x, down, across):
    return x.repeat(down, axis=2).repeat(across, axis=3)


def repeat_backward(dy, down, across):
    b, o, r, c, i = dy.shape
    return dy.reshape(b, o, r // down, down, c // across, across, i).sum(axis=(3, 5))


def apply_mask(x, mask):
    return np.where(mask == 0, 0, x * mask)
