"""Where the windows of images (batch, height, width, channels) lie."""

import numpy as np

from nnkit.kernels.cpu import _images
from nnkit.kernels.cuda._cuda import device
from nnkit.kernels.cuda._from_cpu import for_threads


@device
def divide(a, b):
    """Quotient and rest of two numbers from 0 to 2**32 - 1: 64 bits take several times as long."""
    quotient = np.int64(np.uint32(a) // np.uint32(b))
    return quotient, a - quotient * b


split = for_threads(_images.split)
is_inside = for_threads(_images.is_inside)
position = for_threads(_images.position)
