"""AveragePooling1D."""

from __future__ import annotations

from nnkit.layers.pooling import Pooling

__all__ = ["AveragePooling1D"]


class AveragePooling1D(Pooling):
    """The mean of each window of sequences, channel by channel.

    Parameters
    ----------
    pool_size : int or tuple of int
        Length of a window.
    strides : int or tuple of int, optional
        Distance between windows; by default ``pool_size``.
    padding : {"valid", "same"}
        ``"valid"``: only windows inside the input. ``"same"``: ceil(steps / strides) windows; what
        is outside the input doesn't count.
    data_format : {"channels_last", "channels_first"}, optional
        Inputs are (batch, steps, channels), or (batch, channels, steps).
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
    Output (batch, (steps - pool_size) // strides + 1, channels) if "valid".

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.AveragePooling1D(3, strides=1)(np.array([[[1], [2], [3], [7]]])).ravel()
    array([2., 4.], dtype=float32)
    """

    rank = 1
    largest = False
    aliases = ("AvgPool1D",)
