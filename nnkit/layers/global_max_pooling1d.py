"""GlobalMaxPooling1D."""

from __future__ import annotations

from nnkit.layers.global_pooling import GlobalPooling

__all__ = ["GlobalMaxPooling1D"]


class GlobalMaxPooling1D(GlobalPooling):
    """The largest element of each channel of a sequence.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
        Inputs are (batch, steps, channels), or (batch, channels, steps).
    keepdims : bool
        Whether the output keeps the axis of timesteps, with length 1.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or the input doesn't have three axes.

    Notes
    -----
    Output (batch, channels); with ``keepdims`` (batch, 1, channels), or (batch, channels, 1).
    Backward: the gradient goes to the first largest element.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.GlobalMaxPooling1D()(np.ones((2, 5, 3)))
    array([[1., 1., 1.],
           [1., 1., 1.]], dtype=float32)
    """

    rank = 1
    largest = True
    aliases = ("GlobalMaxPool1D",)
