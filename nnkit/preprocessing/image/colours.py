"""Brightness of images, and shifts of their channels."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.preprocessing.image.affine import as_image

__all__ = ["apply_brightness_shift", "apply_channel_shift", "brightened"]


def apply_channel_shift(x: Any, intensity: float, channel_axis: int = 0) -> np.ndarray:
    """Add a number to an image, within the range of its values.

    Parameters
    ----------
    x : array
        An image with three axes.
    intensity : float
    channel_axis : int
        It makes no difference, as all channels are shifted alike.

    Returns
    -------
    numpy.ndarray

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Examples
    --------
    >>> import numpy as np
    >>> from nnkit.preprocessing.image import apply_channel_shift
    >>> apply_channel_shift(np.arange(4.0).reshape(1, 2, 2), 2)
    array([[[2., 3.],
            [3., 3.]]])
    """
    checks.integer("apply_channel_shift", "channel_axis", channel_axis, -3, 2)
    intensity = checks.number("apply_channel_shift", "intensity", intensity)
    image = as_image("apply_channel_shift", x)
    return np.clip(image + image.dtype.type(intensity), image.min(), image.max())


def apply_brightness_shift(x: Any, brightness: float, scale: bool = True) -> np.ndarray:
    """Multiply the values of an image, as whole numbers from 0 to 255.

    Parameters
    ----------
    x : array
        An image (height, width, channels); of four channels, the last is how opaque it is, and
        stays.
    brightness : float
        The factor: 0 makes it black.
    scale : bool
        Whether values are scaled to 0 to 255 first. Without it, only an image with values outside
        of these is, and is scaled back afterwards.

    Returns
    -------
    numpy.ndarray
        Fractions of values from 0 to 255 are dropped.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Examples
    --------
    >>> import numpy as np
    >>> from nnkit.preprocessing.image import apply_brightness_shift
    >>> apply_brightness_shift(np.array([[[9.0], [200.0]]]), 1.5, scale=False).ravel()
    array([ 13., 255.])
    """
    checks.flag("apply_brightness_shift", "scale", scale)
    brightness = checks.number("apply_brightness_shift", "brightness", brightness, "[0, inf)")
    image = as_image("apply_brightness_shift", x)
    return brightened(image, brightness, scale, channels_last=True)


def brightened(
    image: np.ndarray, brightness: float, scale: bool, channels_last: bool
) -> np.ndarray:
    """See :func:`apply_brightness_shift`.

    Parameters
    ----------
    image : numpy.ndarray
    brightness : float
    scale, channels_last : bool

    Returns
    -------
    numpy.ndarray
    """
    low, high = image.min(), image.max()
    outside = bool(low < 0 or high > 255)
    if scale or outside:
        pixels = image - low
        pixels = pixels / (pixels.max() or 1) * 255
    else:
        pixels = image
    pixels = np.floor(pixels)
    # In float32, as Pillow does it.
    bright = np.floor(np.minimum(pixels.astype(np.float32) * np.float32(brightness), 255))
    bright = bright.astype(image.dtype)
    axis = 2 if channels_last else 0
    if image.shape[axis] == 4:
        opaque = (..., 3) if channels_last else (3,)
        bright[opaque] = pixels[opaque]
    if outside and not scale:
        bright = bright / 255 * (high - low) + low
    return bright
