"""Positions of windows on images (batch, height, width, channels)."""

import numpy as np

from nnkit.kernels.cpu import _images
from nnkit.kernels.cuda._cuda import device
from nnkit.kernels.cuda._from_cpu import for_threads


@device
def divide(a, b):
    """Quotient and remainder of two uint32: a division of 64 bits takes several times as long."""
    quotient = np.int64(np.uint32(a) // np.uint32(b))
    return quotient, a - quotient * b


split = for_threads(_images.split)
is_inside = for_threads(_images.is_inside)
position = for_threads(_images.position)
