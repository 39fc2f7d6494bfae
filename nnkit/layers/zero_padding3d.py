"""ZeroPadding3D."""

from __future__ import annotations

from typing import Any

from nnkit.layers.new_lengths import sides
from nnkit.layers.padding import ZeroPadding

__all__ = ["ZeroPadding3D"]


class ZeroPadding3D(ZeroPadding):
    """Pad a volume with zeros on all sides.

    Parameters
    ----------
    padding : int or three of int or (int, int)
        The number of zeros on all sides; or, for depth, height and width, on both sides or
        before and after.
    data_format : {"channels_last", "channels_first"}, optional
        Inputs are (batch, depth, height, width, channels), or (batch, channels,
        depth, height, width).
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or the input doesn't have five axes.

    Notes
    -----
    Each spatial axis is as much longer as is added. Backward: dy without the padding.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.ZeroPadding3D((0, 1, (1, 2)))(np.zeros((1, 4, 5, 6, 2))).shape
    (1, 4, 7, 9, 2)
    """

    rank = 3

    def __init__(
        self,
        padding: Any = ((1, 1), (1, 1), (1, 1)),
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.sides = sides("ZeroPadding3D", "padding", padding, 3)
        self.set_data_format(data_format)
