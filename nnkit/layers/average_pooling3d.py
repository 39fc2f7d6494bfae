"""AveragePooling3D."""

from __future__ import annotations

from nnkit.layers.pooling import Pooling

__all__ = ["AveragePooling3D"]


class AveragePooling3D(Pooling):
    """The mean of each window of volumes, channel by channel.

    Parameters
    ----------
    pool_size : int or tuple of int
        Depth, height and width of a window.
    strides : int or tuple of int, optional
        Distance between windows; by default ``pool_size``.
    padding : {"valid", "same"}
        ``"valid"``: only windows inside the input. ``"same"``: ceil(length / stride) windows
        along each axis; what is outside the input doesn't count.
    data_format : {"channels_last", "channels_first"}, optional
        Inputs are (batch, depth, height, width, channels), or (batch, channels, depth, height,
        width).
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, once the input's shape is known, a window is
        larger than the input.

    Notes
    -----
    y = the mean of a window's elements inside the input. Backward: each of these elements gets an
    equal share of the window's gradient.
    Output (batch, (depth - pool depth) // stride + 1, ..., channels) if "valid".

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.AveragePooling3D(2)(np.arange(16.0).reshape(1, 2, 2, 4, 1)).ravel()
    array([6.5, 8.5], dtype=float32)
    """

    rank = 3
    largest = False
    aliases = ("AvgPool3D",)
