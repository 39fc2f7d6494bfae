"""GlobalMaxPooling3D."""

from __future__ import annotations

from nnkit.layers.global_pooling import GlobalPooling

__all__ = ["GlobalMaxPooling3D"]


class GlobalMaxPooling3D(GlobalPooling):
    """The largest element of each channel of a volume.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
        Inputs are (batch, depth, height, width, channels), or (batch, channels, depth, height,
        width).
    keepdims : bool
        Whether the output keeps the spatial axes, with length 1.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or the input doesn't have five axes.

    Notes
    -----
    Output (batch, channels); with ``keepdims`` (batch, 1, 1, 1, channels), or (batch,
    channels, 1, 1, 1).
    Backward: the gradient goes to the first largest element.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.GlobalMaxPooling3D()(np.ones((2, 4, 5, 5, 3)))
    array([[1., 1., 1.],
           [1., 1., 1.]], dtype=float32)
    """

    rank = 3
    largest = True
    aliases = ("GlobalMaxPool3D",)
