"""Where the windows of images (batch, height, width, channels) lie."""

import numpy as np

from nnkit.kernels.cuda._cuda import device


@device
def divide(a, b):
    """Quotient and rest of two numbers from 0 to 2**32 - 1: 64 bits take several times as long."""
    quotient = np.int64(np.uint32(a) // np.uint32(b))
    return quotient, a - quotient * b


@device
def split(element, shape):
    """Indices of an element of an array with four axes."""
    pixel, c = divide(element, shape[3])
    line, j = divide(pixel, shape[2])
    n, i = divide(line, shape[1])
    return n, i, j, c


@device
def is_inside(row, column, image):
    """Whether an array of images has this pixel."""
    return row >= 0 and row < image.shape[1] and column >= 0 and column < image.shape[2]


@device
def position(offset, stride, count):
    """Which of ``count`` windows begins ``offset`` after the first; -1 if none does."""
    i, rest = divide(max(offset, 0), stride)
    return i if offset >= 0 and rest == 0 and i < count else -1
