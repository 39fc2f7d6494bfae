"""How much memory the kernels of convolutions want to lay out windows in."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["weights_scratch", "windows_scratch"]

# Elements for each image, and for each worker that does a part of the weights.
_ENOUGH = 1 << 17


def windows_scratch(pixels: Sequence[int], elements: int) -> tuple[int, int]:
    """Shape of the scratch memory of ``conv2d`` and ``conv2d_transpose``.

    Parameters
    ----------
    pixels : sequence of int
        Shape of what has a pixel for each window: (batch, height, width, channels).
    elements : int
        Of a window.
    """
    batch, height, width = pixels[:3]
    return batch, max(elements, min(height * width * elements, _ENOUGH))


def weights_scratch(pixels: Sequence[int], elements: int) -> tuple[int, int]:
    """Shape of that of ``conv2d_weights``: a row for each element of a window."""
    batch, height, width = pixels[:3]
    return elements, max(1, min(_ENOUGH // elements, batch * height * width))
