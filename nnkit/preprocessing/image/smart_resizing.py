"""Resizing without distortion."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.utils.resizing import KERNELS, cropped, resize

__all__ = ["smart_resize"]


def smart_resize(
    x: Any,
    size: tuple[int, int],
    interpolation: str = "bilinear",
    data_format: str = "channels_last",
) -> np.ndarray:
    """Cut out the middle of images, in the proportions of a size, and resize it to the size.

    Parameters
    ----------
    x : array
        An image with three axes, or a batch of them with four.
    size : (int, int)
        Height and width.
    interpolation : {"bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"}
        Images that are made smaller are not smoothed first.
    data_format : {"channels_last", "channels_first"}

    Returns
    -------
    numpy.ndarray
        float32, or float64 if ``x`` is.

    Raises
    ------
    TypeError, ValueError
        ``x`` is no image, or an argument has a wrong type or value.

    Examples
    --------
    >>> import numpy as np
    >>> from nnkit.preprocessing.image import smart_resize
    >>> smart_resize(np.ones((340, 500, 3)), (200, 200)).shape
    (200, 200, 3)
    """
    owner = "smart_resize"
    checks.one_of(owner, "interpolation", interpolation, tuple(KERNELS))
    last = checks.data_format(owner, data_format) == "channels_last"
    rows, columns = checks.sizes(owner, "size", size, 2)
    images = np.asarray(x)
    if images.ndim not in (3, 4) or images.dtype.kind not in "biuf" or not images.size:
        raise ValueError(
            f"{owner}: x must be an image or a batch of them, got {images.dtype} of shape "
            f"{images.shape}"
        )
    dtype = np.float64 if images.dtype == np.float64 else np.float32
    batch = images.reshape(-1, *images.shape[-3:])
    batch = batch if last else batch.transpose(0, 2, 3, 1)
    made = np.array(
        [resize(cropped(i, (rows, columns)), (rows, columns), interpolation) for i in batch], dtype
    )
    made = made if last else made.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(made.reshape(*images.shape[:-3], *made.shape[1:]))
