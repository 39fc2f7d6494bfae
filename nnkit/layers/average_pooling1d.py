"""AveragePooling1D."""

from __future__ import annotations

from nnkit.layers.pooling import Pooling

__all__ = ["AveragePooling1D"]


class AveragePooling1D(Pooling):
    """The mean of each window of sequences, channel by channel.

    Parameters
    ----------
    pool_size : int or tuple of int
        Steps of a window.
    strides : int or tuple of int, optional
        How far apart windows are; by default ``pool_size``.
    padding : {"valid", "same"}
        ``"valid"``: only windows that fit. ``"same"``: ceil(steps / strides) of them; what is
        outside doesn't count.
    data_format : {"channels_last", "channels_first"}, optional
        Inputs are (batch, steps, channels), or (batch, channels, steps).
    **options
        Those of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument is not what it should be; or, once the input's shape is known, a window is
        larger than the input.

    Notes
    -----
    y = the mean of those elements of a window that are inside of the input. Backward: each of
    them gets an equal share of its gradient.
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
