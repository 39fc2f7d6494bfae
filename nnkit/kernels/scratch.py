"""How much memory the kernels of convolutions want, besides what they read and write."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["transposed_scratch", "weights_scratch", "windows_scratch"]

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
