"""Transforms of an image drawn at random: Keras 2's functions.

They draw from ``numpy.random``, which ``numpy.random.seed`` and
:func:`nnkit.utils.set_random_seed` seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.preprocessing.image.affine import apply_affine_transform
from nnkit.preprocessing.image.colours import apply_brightness_shift, apply_channel_shift

__all__ = [
    "check_range",
    "random_brightness",
    "random_channel_shift",
    "random_rotation",
    "random_shear",
    "random_shift",
    "random_zoom",
]


def check_range(owner: str, name: str, value: Any, interval: str) -> tuple[float, float]:
    """Check two numbers in an interval, the smaller one first.

    Parameters
    ----------
    owner : str
        Who asks, for errors.
    name : str
    value : (float, float)
    interval : str

    Returns
    -------
    (float, float)
    """
    if not isinstance(value, (tuple, list, np.ndarray)) or len(value) != 2:
        raise ValueError(f"{owner}: {name} must be two numbers, got {value!r}")
    low, high = (checks.number(owner, name, v, interval) for v in value)
    if low > high:
        raise ValueError(f"{owner}: {name} must have the smaller number first, got {value!r}")
    return low, high


def _drawn(owner: str, name: str, limit: float) -> float:
    limit = checks.number(owner, name, limit, "[0, inf)")
    return float(np.random.uniform(-limit, limit))


def random_rotation(
    x: Any,
    rg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Rotate an image by an angle drawn at random.

    Parameters
    ----------
    x : array
    rg : float
        The largest angle, in degrees.
    row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order
        As for :func:`apply_affine_transform`.

    Returns
    -------
    numpy.ndarray

    Examples
    --------
    >>> import numpy as np
    >>> from nnkit.preprocessing.image import random_rotation
    >>> random_rotation(np.ones((3, 8, 8)), 20).shape
    (3, 8, 8)
    """
    theta = _drawn("random_rotation", "rg", rg)
    axes = (row_axis, col_axis, channel_axis)
    return apply_affine_transform(
        x, theta, 0, 0, 0, 1, 1, *axes, fill_mode, cval, interpolation_order
    )


def random_shift(
    x: Any,
    wrg: float,
    hrg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Shift an image by distances drawn at random.

    Parameters
    ----------
    x : array
    wrg, hrg : float
        The largest distances, in relation to width and height.
    row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order
        As for :func:`apply_affine_transform`.

    Returns
    -------
    numpy.ndarray

    Examples
    --------
    >>> import numpy as np
    >>> from nnkit.preprocessing.image import random_shift
    >>> random_shift(np.ones((3, 8, 8)), 0.2, 0.2).shape
    (3, 8, 8)
    """
    height, width = np.shape(x)[row_axis], np.shape(x)[col_axis]
    ty = _drawn("random_shift", "hrg", hrg) * height
    tx = _drawn("random_shift", "wrg", wrg) * width
    axes = (row_axis, col_axis, channel_axis)
    return apply_affine_transform(
        x, 0, tx, ty, 0, 1, 1, *axes, fill_mode, cval, interpolation_order
    )


def random_shear(
    x: Any,
    intensity: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Shear an image by an angle drawn at random.

    Parameters
    ----------
    x : array
    intensity : float
        The largest angle, in degrees.
    row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order
        As for :func:`apply_affine_transform`.

    Returns
    -------
    numpy.ndarray

    Examples
    --------
    >>> import numpy as np
    >>> from nnkit.preprocessing.image import random_shear
    >>> random_shear(np.ones((3, 8, 8)), 20).shape
    (3, 8, 8)
    """
    shear = _drawn("random_shear", "intensity", intensity)
    axes = (row_axis, col_axis, channel_axis)
    return apply_affine_transform(
        x, 0, 0, 0, shear, 1, 1, *axes, fill_mode, cval, interpolation_order
    )


def random_zoom(
    x: Any,
    zoom_range: Sequence[float],
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Zoom an image by factors drawn at random.

    Parameters
    ----------
    x : array
    zoom_range : (float, float)
        The smallest and the largest factor.
    row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order
        As for :func:`apply_affine_transform`.

    Returns
    -------
    numpy.ndarray

    Examples
    --------
    >>> import numpy as np
    >>> from nnkit.preprocessing.image import random_zoom
    >>> random_zoom(np.ones((3, 8, 8)), (0.8, 1.2)).shape
    (3, 8, 8)
    """
    low, high = check_range("random_zoom", "zoom_range", zoom_range, "(0, inf)")
    zx, zy = (1, 1) if low == high == 1 else np.random.uniform(low, high, 2)
    axes = (row_axis, col_axis, channel_axis)
    return apply_affine_transform(
        x, 0, 0, 0, 0, zx, zy, *axes, fill_mode, cval, interpolation_order
    )


def random_channel_shift(x: Any, intensity_range: float, channel_axis: int = 0) -> np.ndarray:
    """Add a number drawn at random to an image, within the range of its values.

    Parameters
    ----------
    x : array
    intensity_range : float
        The largest number.
    channel_axis : int
        As for :func:`apply_channel_shift`.

    Returns
    -------
    numpy.ndarray

    Examples
    --------
    >>> import numpy as np
    >>> from nnkit.preprocessing.image import random_channel_shift
    >>> random_channel_shift(np.ones((3, 8, 8)), 20).shape
    (3, 8, 8)
    """
    intensity = _drawn("random_channel_shift", "intensity_range", intensity_range)
    return apply_channel_shift(x, intensity, channel_axis)


def random_brightness(x: Any, brightness_range: Sequence[float], scale: bool = True) -> np.ndarray:
    """Multiply the values of an image by a factor drawn at random.

    Parameters
    ----------
    x : array
    brightness_range : (float, float)
        The smallest and the largest factor.
    scale : bool
        As for :func:`apply_brightness_shift`.

    Returns
    -------
    numpy.ndarray

    Examples
    --------
    >>> import numpy as np
    >>> from nnkit.preprocessing.image import random_brightness
    >>> random_brightness(np.ones((8, 8, 3)), (0.5, 1.5)).shape
    (8, 8, 3)
    """
    low, high = check_range("random_brightness", "brightness_range", brightness_range, "[0, inf)")
    return apply_brightness_shift(x, float(np.random.uniform(low, high)), scale)
