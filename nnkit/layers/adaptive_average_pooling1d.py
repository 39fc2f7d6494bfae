"""AdaptiveAveragePooling1D."""

from __future__ import annotations

from nnkit.layers.adaptive_pooling import AdaptiveAveragePooling

__all__ = ["AdaptiveAveragePooling1D"]


class AdaptiveAveragePooling1D(AdaptiveAveragePooling):
    """The mean of each of so many windows that cover sequences, channel by channel.

    Parameters
    ----------
    output_size : int
        The number of timesteps of the output.
    data_format : {"channels_last", "channels_first"}, optional
        Inputs are (batch, steps, channels), or (batch, channels, steps).
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or the input doesn't have three axes.

    Notes
    -----
    Output (batch, output_size, channels). Along an axis of n elements, window i of m has those from
    floor(i n / m) to below ceil((i + 1) n / m): they overlap by one if m doesn't divide n.
    Backward: each of these elements gets an equal share of the window's gradient, axis by axis.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.AdaptiveAveragePooling1D(2)(np.array([[[1.0], [2.0], [6.0]]])).ravel()
    array([1.5, 4. ], dtype=float32)
    """

    rank = 1
