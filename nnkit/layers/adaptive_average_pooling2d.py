"""AdaptiveAveragePooling2D."""

from __future__ import annotations

from nnkit.layers.adaptive_pooling import AdaptiveAveragePooling

__all__ = ["AdaptiveAveragePooling2D"]


class AdaptiveAveragePooling2D(AdaptiveAveragePooling):
    """The mean of each of so many windows that cover images, channel by channel.

    Parameters
    ----------
    output_size : int or tuple of int
        The number of rows and columns of the output.
    data_format : {"channels_last", "channels_first"}, optional
        Inputs are (batch, height, width, channels), or (batch, channels, height, width).
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or the input doesn't have four axes.

    Notes
    -----
    Output (batch, ``*output_size``, channels). Along an axis of n elements, window i of m has those
    from floor(i n / m) to below ceil((i + 1) n / m): they overlap by one if m doesn't divide n.
    Backward: each of these elements gets an equal share of the window's gradient, axis by axis.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.AdaptiveAveragePooling2D(2)(np.arange(9.0).reshape(1, 3, 3, 1)).ravel()
    array([2., 3., 5., 6.], dtype=float32)
    """

    rank = 2
