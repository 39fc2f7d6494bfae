"""Rotation, shift, shear and zoom of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import recording
from nnkit.kernels.cpu import affine as kernels

__all__ = ["FILL_MODES", "apply_affine_transform", "check_filling", "matrices", "transformed"]

FILL_MODES = ("constant", "nearest", "reflect", "wrap")  # By the kernel's numbers.
_ORDERS = (0, 1)


def matrices(
    size: tuple[int, int],
    theta: Any = 0,
    tx: Any = 0,
    ty: Any = 0,
    shear: Any = 0,
    zx: Any = 1,
    zy: Any = 1,
) -> np.ndarray:
    """Where the pixels of transformed images come from: a rotation, a shift, a shear and a zoom.

    They are about the middle of the image.

    Parameters
    ----------
    size : (int, int)
        Height and width.
    theta : array_like
        Angles in degrees.
    tx, ty : array_like
        Shifts to the right and down, in pixels, of the place that a pixel comes from.
    shear : array_like
        Angles in degrees.
    zx, zy : array_like
        Factors of width and height.

    Returns
    -------
    numpy.ndarray
        float64 (n, 2, 3): row and column are its product with (row, column, 1).
    """
    numbers = np.broadcast_arrays(theta, tx, ty, shear, zx, zy)
    theta, tx, ty, shear, zx, zy = (np.atleast_1d(a).astype(float) for a in numbers)
    theta, shear = np.deg2rad(theta), np.deg2rad(shear)
    rotation, shift, slant, zoom = np.tile(np.eye(3), (4, len(theta), 1, 1))
    rotation[:, 0, 0] = rotation[:, 1, 1] = np.cos(theta)
    rotation[:, 0, 1], rotation[:, 1, 0] = np.sin(theta), -np.sin(theta)
    shift[:, 0, 2], shift[:, 1, 2] = ty, tx
    slant[:, 0, 0], slant[:, 1, 0] = np.cos(shear), -np.sin(shear)
    zoom[:, 0, 0], zoom[:, 1, 1] = zy, zx
    from_middle, to_middle = np.tile(np.eye(3), (2, 1, 1))
    to_middle[:2, 2] = (np.array(size) - 1) / 2
    from_middle[:2, 2] = -to_middle[:2, 2]
    whole = to_middle @ (rotation @ shift @ slant @ zoom) @ from_middle
    return np.ascontiguousarray(whole[:, :2])


def transformed(
    x: np.ndarray,
    points: np.ndarray,
    flips: np.ndarray,
    channels_last: bool,
    fill_mode: str,
    cval: float,
    order: int,
) -> np.ndarray:
    """Images at other points.

    Parameters
    ----------
    x : numpy.ndarray
        float32 or float64 (batch, height, width, channels), or (batch, channels, height, width).
    points : numpy.ndarray
        See :func:`matrices`.
    flips : numpy.ndarray
        int8 (batch, 2): whether rows, and columns, are in reverse order afterwards.
    channels_last : bool
    fill_mode, cval, order
        See :func:`apply_affine_transform`.

    Returns
    -------
    numpy.ndarray
        Like ``x``.
    """
    if not np.isfinite(points).all():
        raise ValueError("parameters of a transform must be finite numbers")
    shape = (len(x), 1, *x.shape[1:]) if channels_last else (*x.shape, 1)
    x = np.ascontiguousarray(x)
    y = np.empty_like(x)
    if x.size:
        mode = FILL_MODES.index(fill_mode)
        with recording(None):  # It is no part of a step.
            kernels.affine(
                x.reshape(shape), points, flips, order, mode, float(cval), y.reshape(shape)
            )
    return y


def check_filling(owner: str, fill_mode: Any, cval: Any, order: Any) -> tuple[str, float, int]:
    """Check how the outside of images, and what is between pixels, is filled.

    Parameters
    ----------
    owner : str
        Who asks, for errors.
    fill_mode, cval, order
        See :func:`apply_affine_transform`.

    Returns
    -------
    fill_mode, cval, order
    """
    fill_mode = checks.one_of(owner, "fill_mode", fill_mode, FILL_MODES)
    if order not in _ORDERS or isinstance(order, bool):
        raise ValueError(
            f"{owner}: interpolation_order must be 0 (nearest) or 1 (bilinear), got {order!r}"
        )
    return fill_mode, checks.number(owner, "cval", cval), int(order)


def apply_affine_transform(
    x: Any,
    theta: float = 0,
    tx: float = 0,
    ty: float = 0,
    shear: float = 0,
    zx: float = 1,
    zy: float = 1,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    order: int = 1,
) -> np.ndarray:
    """Rotate, shift, shear and zoom an image about its middle.

    Parameters
    ----------
    x : array
        An image with three axes.
    theta : float
        Angle of the rotation in degrees.
    tx, ty : float
        Pixels by which the image moves to the left, and up.
    shear : float
        Angle in degrees.
    zx, zy : float
        Factors: 0.5 makes what is in the middle twice as wide, or twice as high.
    row_axis, col_axis, channel_axis : int
        Which axis is which: 1, 2, 0 or 0, 1, 2.
    fill_mode : {"nearest", "constant", "reflect", "wrap"}
        What is outside of the image, as in SciPy: its nearest pixel, ``cval``, its mirror image, or
        the image again.
    cval : float
    order : {1, 0}
        Between pixels: bilinear, or the nearest one.

    Returns
    -------
    numpy.ndarray
        float32, or float64 if ``x`` is.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Examples
    --------
    >>> import numpy as np
    >>> from nnkit.preprocessing.image import apply_affine_transform
    >>> x = np.arange(9.0).reshape(1, 3, 3)
    >>> apply_affine_transform(x, tx=1, fill_mode="constant")
    array([[[1., 2., 0.],
            [4., 5., 0.],
            [7., 8., 0.]]])
    """
    owner = "apply_affine_transform"
    channels_last = check_axes(owner, (row_axis, col_axis, channel_axis))
    fill_mode, cval, order = check_filling(owner, fill_mode, cval, order)
    image = as_image(owner, x)
    numbers = {"theta": theta, "tx": tx, "ty": ty, "shear": shear, "zx": zx, "zy": zy}
    for name, value in numbers.items():
        checks.number(owner, name, value)
    points = matrices((image.shape[row_axis], image.shape[col_axis]), **numbers)
    flips = np.zeros((1, 2), np.int8)
    return transformed(image[None], points, flips, channels_last, fill_mode, cval, order)[0]


def check_axes(owner: str, axes: Sequence[int]) -> bool:
    """Whether channels come last, for the axes of rows, columns and channels.

    Parameters
    ----------
    owner : str
    axes : (int, int, int)

    Returns
    -------
    bool
    """
    if tuple(axes) not in ((0, 1, 2), (1, 2, 0)):
        raise ValueError(
            f"{owner}: row_axis, col_axis and channel_axis must be 0, 1, 2 or 1, 2, 0, got "
            f"{', '.join(map(str, axes))}"
        )
    return axes[2] == 2


def as_image(owner: str, x: Any) -> np.ndarray:
    """An image as float32, or as float64 if it is so.

    Parameters
    ----------
    owner : str
    x : array

    Returns
    -------
    numpy.ndarray
    """
    image = np.asarray(x)
    if image.ndim != 3 or image.dtype.kind not in "biuf":
        raise ValueError(
            f"{owner}: x must be an image with three axes, got {image.dtype} of shape {image.shape}"
        )
    return image.astype(np.float64 if image.dtype == np.float64 else np.float32, copy=False)
