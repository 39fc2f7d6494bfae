"""Positions of windows on images (batch, height, width, channels)."""

import numpy as np

from nnkit.kernels.cuda._cuda import device


@device
def divide(a, b):
    """Quotient and remainder of two uint32: a division of 64 bits takes several times as long."""
    quotient = np.int64(np.uint32(a) // np.uint32(b))
    return quotient, a - quotient * b


@device
def split(element, shape):
    """Convert the flat index of an element of an array with four axes to four indices."""
    pixel, c = divide(element, shape[3])
    line, j = divide(pixel, shape[2])
    n, i = divide(line, shape[1])
    return n, i, j, c


@device
def is_inside(row, column, image):
    """Whether a pixel is inside the image."""
    return row >= 0 and row < image.shape[1] and column >= 0 and column < image.shape[2]


@device
def position(offset, stride, count):
    """Which of ``count`` windows begins ``offset`` after the first; -1 for none."""
    i, rest = divide(max(offset, 0), stride)
    return i if offset >= 0 and rest == 0 and i < count else -1
