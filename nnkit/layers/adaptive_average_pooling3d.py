"""AdaptiveAveragePooling3D."""

from __future__ import annotations

from nnkit.layers.adaptive_pooling import AdaptiveAveragePooling

__all__ = ["AdaptiveAveragePooling3D"]


class AdaptiveAveragePooling3D(AdaptiveAveragePooling):
    """The mean of each of so many windows that cover volumes, channel by channel.

    Parameters
    ----------
    output_size : int or tuple of int
        The number of elements along depth, height and width of the output.
    data_format : {"channels_last", "channels_first"}, optional
        Inputs are (batch, depth, height, width, channels), or (batch, channels, depth, height,
        width).
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or the input doesn't have five axes.

    Notes
    -----
    Output (batch, ``*output_size``, channels). Along an axis of n elements, window i of m has those
    from floor(i n / m) to below ceil((i + 1) n / m): they overlap by one if m doesn't divide n.
    Backward: each of these elements gets an equal share of the window's gradient, axis by axis.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.AdaptiveAveragePooling3D((1, 1, 2))(np.arange(4.0).reshape(1, 1, 1, 4, 1))[0]
    array([[[[0.5],
            [2.5]]]], dtype=float32)
    """

    rank = 3
