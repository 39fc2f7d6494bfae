"""Resizing of arrays of images, as a product with a matrix for each axis."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

__all__ = ["KERNELS", "cropped", "resize"]


def _triangle(x: np.ndarray) -> np.ndarray:
    return np.maximum(0, 1 - abs(x))


def _cubic(x: np.ndarray) -> np.ndarray:
    """R. Keys, 1981, "Cubic convolution interpolation", with a = -1/2."""
    x = abs(x)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def _lanczos(size: int, x: np.ndarray) -> np.ndarray:
    return np.where(abs(x) < size, np.sinc(x) * np.sinc(x / size), 0)


# By Keras's names; "nearest" takes one pixel.
KERNELS: dict[str, Callable[[np.ndarray], np.ndarray] | None] = {
    "bilinear": _triangle,
    "nearest": None,
    "bicubic": _cubic,
    "lanczos3": functools.partial(_lanczos, 3),
    "lanczos5": functools.partial(_lanczos, 5),
}


@functools.lru_cache(64)
def _matrix(size: int, new: int, interpolation: str) -> np.ndarray:
    """Weights (new, size) of the old pixels in the new ones."""
    centers = (np.arange(new) + 0.5) * size / new - 0.5
    kernel = KERNELS[interpolation]
    if kernel is None:
        nearest = np.minimum(np.floor(centers + 0.5).astype(int), size - 1)
        return np.eye(size)[nearest]
    weights = kernel(centers[:, None] - np.arange(size))
    return weights / weights.sum(1, keepdims=True)


def cropped(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The middle of an image, as large as possible in the proportions of a size.

    Parameters
    ----------
    image : numpy.ndarray
        (height, width, channels).
    size : (int, int)
        Height and width.

    Returns
    -------
    numpy.ndarray
        A view.
    """
    height, width = image.shape[:2]
    high = max(min(height, int(width * size[0] / size[1])), 1)
    wide = max(min(width, int(height * size[1] / size[0])), 1)
    top, left = (height - high) // 2, (width - wide) // 2
    return image[top : top + high, left : left + wide]


def resize(image: np.ndarray, size: tuple[int, int], interpolation: str) -> np.ndarray:
    """Resize an image; a smaller one is not smoothed first, as in TensorFlow.

    Parameters
    ----------
    image : numpy.ndarray
        (height, width, channels).
    size : (int, int)
        New height and width.
    interpolation : str
        One of ``KERNELS``.

    Returns
    -------
    numpy.ndarray
        float64, (*size, channels).
    """
    down = _matrix(image.shape[0], size[0], interpolation)
    across = _matrix(image.shape[1], size[1], interpolation)
    rows = np.tensordot(down, image.astype(np.float64), 1)
    return np.einsum("wv,hvc->hwc", across, rows, optimize=True)
