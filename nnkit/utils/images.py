"""Images as arrays, and arrays as images and files. They need Pillow."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import ArrayLike

from nnkit import checks, config
from nnkit.conversion import to_numpy

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["array_to_img", "img_to_array", "load_img", "pillow", "save_img"]

MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")


def pillow() -> Any:
    """Pillow's module of images.

    Raises
    ------
    ImportError
        The text says how to install it.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError("images need Pillow: pip install nnkit[images]") from error
    return Image


def array_to_img(
    x: ArrayLike, data_format: str | None = None, scale: bool = True, dtype: Any = None
) -> Image:
    """Make an image of Pillow's from an array.

    Parameters
    ----------
    x : array_like
        (height, width, channels), or (channels, height, width) with ``"channels_first"``; 1 channel
        (grey), 3 (RGB) or 4 (RGBA).
    data_format : {"channels_last", "channels_first"}, optional
    scale : bool
        Whether the smallest value becomes 0 and the largest 255. Otherwise values must be from 0 to
        255, or, of one channel, 32-bit integers; fractions are dropped.
    dtype : data type, optional
        In which scaling is computed; by default ``nnkit.config.floatx()``.

    Returns
    -------
    PIL.Image.Image

    Raises
    ------
    TypeError, ValueError
        ``x`` is no such array, or has values that an image can't have.
    ImportError
        Pillow is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from nnkit.utils import array_to_img
    >>> array_to_img(np.zeros((2, 3, 1))).size
    (3, 2)
    """
    image, owner = pillow(), "array_to_img"
    last = checks.data_format(owner, data_format) == "channels_last"
    array = to_numpy(x, f"{owner}: x").astype(dtype or config.floatx())
    if array.ndim != 3 or array.shape[2 if last else 0] not in (1, 3, 4) or array.size == 0:
        axes = "(height, width, channels)" if last else "(channels, height, width)"
        raise ValueError(
            f"{owner}: x must be one image {axes} with 1, 3 or 4 channels, got shape {array.shape}"
        )
    if not last:
        array = array.transpose(1, 2, 0)
    if not np.isfinite(array).all():
        raise ValueError(f"{owner}: x has NaN or infinite values, which no image can have")
    if checks.flag(owner, "scale", scale):
        array = array - array.min()
        array = array / (array.max() or 1) * 255
    low, high = array.min(), array.max()
    if array.shape[2] == 1 and high > 255 and low >= -(2**31) and high < 2**31:
        return image.fromarray(array[:, :, 0].astype(np.int32))
    if low <= -1 or high >= 256:
        raise ValueError(
            f"{owner}: x has values from {low:g} to {high:g}, an image from 0 to 255; give "
            "scale=True"
        )
    pixels = array.astype(np.uint8)
    return image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> np.ndarray:
    """Make an array of an image of Pillow's.

    Parameters
    ----------
    img : PIL.Image.Image or array
    data_format : {"channels_last", "channels_first"}, optional
    dtype : data type, optional
        By default ``nnkit.config.floatx()``.

    Returns
    -------
    numpy.ndarray
        (height, width, channels), or (channels, height, width) with ``"channels_first"``; values as
        in the image, mostly from 0 to 255.

    Raises
    ------
    ValueError
        ``img`` has other axes than an image.

    Examples
    --------
    >>> import numpy as np
    >>> from nnkit.utils import array_to_img, img_to_array
    >>> img_to_array(array_to_img(np.eye(2)[:, :, None]))[:, :, 0]
    array([[255.,   0.],
           [  0., 255.]], dtype=float32)
    """
    last = checks.data_format("img_to_array", data_format) == "channels_last"
    array = np.array(img, dtype or config.floatx())
    if array.ndim == 2:
        return array[:, :, None] if last else array[None]
    if array.ndim != 3:
        raise ValueError(
            f"img_to_array: img must be an image of 2 or 3 axes, got shape {array.shape}"
        )
    return array if last else np.ascontiguousarray(array.transpose(2, 0, 1))


def save_img(
    path: str | os.PathLike[str] | BinaryIO,
    x: ArrayLike,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **options: Any,
) -> None:
    """Write an array to a file of an image.

    Parameters
    ----------
    path : path or file
    x : array_like
        As for :func:`array_to_img`.
    data_format : {"channels_last", "channels_first"}, optional
    file_format : str, optional
        Such as ``"png"``; by default what the name ends in. Necessary for a file that is open.
    scale : bool
        As for :func:`array_to_img`.
    **options
        Of Pillow's ``Image.save``, such as ``quality``.

    Raises
    ------
    TypeError, ValueError
        ``x`` is no image, or there is no such format.
    ImportError
        Pillow is not installed.

    Examples
    --------
    >>> import io, numpy as np
    >>> from nnkit.utils import load_img, save_img
    >>> file = io.BytesIO()
    >>> save_img(file, np.ones((2, 3, 3)), file_format="png")
    >>> load_img(file).size
    (3, 2)
    """
    img = array_to_img(x, data_format, scale)
    if file_format is None and isinstance(path, (str, os.PathLike)):
        file_format = Path(path).suffix[1:]
    if not file_format:
        raise ValueError(
            f"save_img: {path!r} doesn't say which format to write: give file_format='png'"
        )
    kind = "jpeg" if file_format.lower() == "jpg" else file_format.lower()
    if kind == "jpeg" and img.mode == "RGBA":
        warnings.warn("JPEG has no transparency: the image is written as RGB", stacklevel=2)
        img = img.convert("RGB")
    try:
        img.save(path, format=kind, **options)
    except KeyError as error:
        raise ValueError(f"save_img: Pillow writes no format {file_format!r}") from error


def load_img(
    path: str | os.PathLike[str] | BinaryIO,
    color_mode: str = "rgb",
    target_size: Sequence[int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Image:
    """Read an image from a file.

    Parameters
    ----------
    path : path or file
        A file may also be one in memory, ``io.BytesIO``.
    color_mode : {"rgb", "grayscale", "rgba"}
        What the image is converted to. With ``"grayscale"``, one of 16 or 32 bits stays so.
    target_size : (int, int), optional
        Height and width that it is resized to.
    interpolation : {"nearest", "bilinear", "bicubic", "hamming", "box", "lanczos"}
        How it is resized, by Pillow.
    keep_aspect_ratio : bool
        Whether the middle is cut out first, in the proportions of ``target_size``.

    Returns
    -------
    PIL.Image.Image

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.
    OSError
        There is no such file, or it is no image.
    ImportError
        Pillow is not installed.

    Examples
    --------
    >>> from nnkit.utils import load_img
    >>> load_img("cat.jpg", target_size=(224, 224)).size  # doctest: +SKIP
    (224, 224)
    """
    image, owner = pillow(), "load_img"
    checks.one_of(owner, "color_mode", color_mode, tuple(MODES))
    checks.one_of(owner, "interpolation", interpolation, INTERPOLATIONS)
    size = None if target_size is None else checks.sizes(owner, "target_size", target_size, 2)
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    if not isinstance(path, (str, os.PathLike)) and not hasattr(path, "read"):
        raise TypeError(f"{owner}: path is a path or an open file, got {path!r:.60}")
    with image.open(path) as opened:
        opened.load()
        grey = color_mode == "grayscale" and opened.mode in ("L", "I;16", "I")
        mode = opened.mode if grey else MODES[color_mode]
        img = opened.copy() if opened.mode == mode else opened.convert(mode)
    if size is None or img.size == size[::-1]:
        return img
    box = None
    if keep_aspect_ratio:
        (width, height), (rows, columns) = img.size, size
        high = max(min(height, width * rows // columns), 1)
        wide = max(min(width, height * columns // rows), 1)
        top, left = (height - high) // 2, (width - wide) // 2
        box = (left, top, left + wide, top + high)
    return img.resize(size[::-1], getattr(image.Resampling, interpolation.upper()), box=box)
