"""AdaptiveMaxPooling3D."""

from __future__ import annotations

from nnkit.layers.adaptive_pooling import AdaptiveMaxPooling

__all__ = ["AdaptiveMaxPooling3D"]


class AdaptiveMaxPooling3D(AdaptiveMaxPooling):
    """The largest element of each of so many windows that cover volumes, channel by channel.

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
    Backward: a window's gradient goes to its first largest element.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.AdaptiveMaxPooling3D((1, 1, 2))(np.arange(4.0).reshape(1, 1, 1, 4, 1))[0]
    array([[[[1.],
            [3.]]]], dtype=float32)
    """

    rank = 3
