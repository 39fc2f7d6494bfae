"""MaxPooling1D."""

from __future__ import annotations

from typing import Any

from nnkit.layers.pooling import Pooling

__all__ = ["MaxPooling1D"]


class MaxPooling1D(Pooling):
    """The largest element of each window of sequences, channel by channel.

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
    y = the largest element of a window. Backward: its gradient goes to the first largest element;
    an element that several windows share gets the sum.
    Output (batch, (steps - pool_size) // strides + 1, channels) if "valid".

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.MaxPooling1D(3, strides=1)(np.array([[[1], [2], [5], [4]]])).ravel()
    array([5., 5.], dtype=float32)
    """

    rank = 1
    largest = True
    aliases = ("MaxPool1D",)

    def __init__(
        self,
        pool_size: int | tuple[int, ...] = 2,
        strides: int | tuple[int, ...] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **options)
