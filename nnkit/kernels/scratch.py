"""How much memory the kernels of convolutions want, besides what they read and write."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nnkit.kernels.shares import least

__all__ = [
    "WINOGRAD_TILES",
    "suits_winograd",
    "transposed_scratch",
    "weights_scratch",
    "windows_scratch",
    "winograd_scratch",
    "winograd_weights_scratch",
]

# Tiles that a worker has in the cache: four times the rows of a product in registers.
WINOGRAD_TILES = 48
# With fewer channels transforms of images take longer than they save, with fewer pixels or larger
# kernels those of the kernels and of their gradients.
_FEWEST, _MULTIPLE, _PIXELS, _LARGEST = 32, 16, 512, 1 << 17

# Elements of the largest vector of a machine.
_LANES = 16
# Of a kernel's part that is transposed at once, for each image; of images' parts, for all workers.
_PART, _IMAGES = 1 << 14, 1 << 17

Shape = Sequence[int]


def windows_scratch(images: Shape, kernel: Shape, place: Shape, pixels: Shape) -> tuple[int, int]:
    """Shape of the scratch memory of ``conv2d``: an image with its margins, and some filters.

    Parameters
    ----------
    images : sequence of int
        Shape of what windows are seen in: (batch, height, width, channels).
    kernel : sequence of int
        (height, width, channels / groups, filters).
    place : sequence of int
        Strides, padding before, dilation (of lines, then of columns), and groups.
    pixels : sequence of int
        Shape of what has a pixel for each window: (batch, height, width, filters).
    """
    lines, line = _seen(images, kernel, place, pixels)
    return pixels[0], lines * line + kernel[0] * kernel[1] * kernel[2] * _LANES


def weights_scratch(images: Shape, kernel: Shape, place: Shape, pixels: Shape) -> tuple[int, int]:
    """That of ``conv2d_weights``: for each element of a window at least what a line of them sees.

    A worker has the memory of its elements, which is enough for whole images as a rule.
    """
    lines, line = _seen(images, kernel, place, pixels)
    least, _ = _seen(images, kernel, place, (1, 1, *pixels[2:]))
    elements = kernel[0] * kernel[1] * kernel[2]
    return elements, max(min(lines, max(least, _IMAGES // (elements * max(line, 1)))) * line, 1)


def transposed_scratch(kernel: Shape, place: Shape, pixels: Shape) -> tuple[int, int]:
    """That of ``conv2d_transpose``: room for a part of the kernel."""
    share = kernel[3] // place[6]
    return pixels[0], max(share * _LANES, min(_PART, 2 * kernel[0] * kernel[1] * kernel[2] * share))


def suits_winograd(
    kernel: Shape, place: Shape, pixels: Shape, dtype: np.dtype, of_weights: bool = False
) -> bool:
    """Whether :mod:`nnkit.kernels.cpu.winograd` can do a convolution, and is faster at it.

    float64 is for those who want all digits: there, each sum has its terms in their order.

    Parameters
    ----------
    kernel : sequence of int
        (height, width, channels / groups, filters).
    place : sequence of int
        Strides, padding before, dilation (of lines, then of columns), and groups.
    pixels : sequence of int
        Shape of the result; for the gradient of the kernel of the output.
    dtype : data type
    of_weights : bool
        Whether it is for the gradient of the kernel.
    """
    if (of_weights and kernel[2] * kernel[3] > _LARGEST) or math.prod(pixels[:3]) < _PIXELS:
        return False
    even = pixels[1] % 2 == 0 and pixels[2] % 2 == 0
    many = all(size >= _FEWEST and size % _MULTIPLE == 0 for size in kernel[2:])
    simple = tuple(kernel[:2]) == (3, 3) and (*place[:2], *place[4:]) == (1, 1, 1, 1, 1)
    return bool(dtype == np.float32 and even and many and simple and max(place[2:4]) <= 2)


def winograd_scratch(
    kernel: Shape, pixels: Shape, workers: int, turned: bool = False
) -> tuple[int, int]:
    """That of convolutions of :mod:`nnkit.kernels.cpu.winograd`.

    It has room for what a worker needs, if the images are divided among so many.

    Parameters
    ----------
    kernel : sequence of int
        (3, 3, channels, filters).
    pixels : sequence of int
        Shape of the result: (batch, height, width, filters), or that of the input's gradient.
    workers : int
        How many there are at most.
    turned : bool
        Whether it is for the gradient of the input.
    """
    c, f = kernel[2:]
    weights = (16 + (9 if turned else 0)) * c * f + 16 * (WINOGRAD_TILES + 1) * (c + f)
    images = (pixels[1] + 2) * (pixels[2] + 2) * (f if turned else c)
    return pixels[0], images + -(-weights // least(pixels[0], workers))


def winograd_weights_scratch(kernel: Shape, pixels: Shape, workers: int) -> tuple[int, int]:
    """That of ``conv2d_weights_winograd``, whose workers have some of the channels each.

    ``pixels`` is the shape of the output.
    """
    c, f = kernel[2:]
    _, height, width, _ = pixels
    together = -(-WINOGRAD_TILES * 4 // (height * width))
    fewest = least(c, workers)
    most = min(c, fewest + 2 * (_MULTIPLE - 1))  # With neighbours, to be whole vectors.
    of_pixels = together * (height + 2) * (width + 2) + 16 * (WINOGRAD_TILES + 1)
    return c, -(-(16 * fewest * f + of_pixels * most + 16 * (WINOGRAD_TILES + 1) * f) // fewest)


def _seen(images: Shape, kernel: Shape, place: Shape, pixels: Shape) -> tuple[int, int]:
    """Lines that windows see, and elements of a line; none if they see nothing outside."""
    spans = [
        (pixels[axis + 1] - 1) * place[axis] + (kernel[axis] - 1) * place[axis + 4] + 1
        for axis in (0, 1)
    ]
    before = place[2:4]
    if all(s - b <= size and b <= 0 for s, b, size in zip(spans, before, images[1:3], strict=True)):
        return 0, 0
    return spans[0], spans[1] * images[3]
