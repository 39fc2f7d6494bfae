"""AveragePooling2D."""

from __future__ import annotations

from nnkit.layers.pooling import Pooling

__all__ = ["AveragePooling2D"]


class AveragePooling2D(Pooling):
    """The mean of each window of images, channel by channel.

    Parameters
    ----------
    pool_size : int or tuple of int
        Height and width of a window.
    strides : int or tuple of int, optional
        Distance between windows; by default ``pool_size``.
    padding : {"valid", "same"}
        ``"valid"``: only windows inside the input. ``"same"``: ceil(height / stride) rows of
        windows, and columns likewise; what is outside the input doesn't count.
    data_format : {"channels_last", "channels_first"}, optional
        Inputs are (batch, height, width, channels), or (batch, channels, height, width).
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
    Output (batch, (height - pool height) // stride + 1, ..., channels) if "valid".

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.AveragePooling2D(2)(np.arange(16.0).reshape(1, 4, 4, 1)).squeeze()
    array([[ 2.5,  4.5],
           [10.5, 12.5]], dtype=float32)
    """

    rank = 2
    largest = False
    aliases = ("AvgPool2D",)
