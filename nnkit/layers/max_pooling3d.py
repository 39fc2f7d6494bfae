"""MaxPooling3D."""

from __future__ import annotations

from typing import Any

from nnkit.layers.pooling import Pooling

__all__ = ["MaxPooling3D"]


class MaxPooling3D(Pooling):
    """The largest element of each window of volumes, channel by channel.

    Parameters
    ----------
    pool_size : int or tuple of int
        Depth, height and width of a window.
    strides : int or tuple of int, optional
        Distance between windows; by default ``pool_size``.
    padding : {"valid", "same"}
        ``"valid"``: only windows inside the input. ``"same"``: ceil(length / stride) windows
        along each axis; what is outside the input doesn't count.
    data_format : {"channels_last", "channels_first"}, optional
        Inputs are (batch, depth, height, width, channels), or (batch, channels, depth, height,
        width).
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
    Output (batch, (depth - pool depth) // stride + 1, ..., channels) if "valid".

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.MaxPooling3D(2)(np.arange(16.0).reshape(1, 2, 2, 4, 1)).ravel()
    array([13., 15.], dtype=float32)
    """

    rank = 3
    largest = True
    aliases = ("MaxPool3D",)

    def __init__(
        self,
        pool_size: int | tuple[int, ...] = 2,
        strides: int | tuple[int, ...] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **options)
