"""Cropping3D."""

from __future__ import annotations

from typing import Any

from nnkit.layers.new_lengths import sides
from nnkit.layers.padding import Cropping

__all__ = ["Cropping3D"]


class Cropping3D(Cropping):
    """Cut off planes at the sides of a volume.

    Parameters
    ----------
    cropping : int or three of int or (int, int)
        The number of elements at all sides; or, for depth, height and width, at both sides or
        before and after.
    data_format : {"channels_last", "channels_first"}, optional
        Inputs are (batch, depth, height, width, channels), or (batch, channels,
        depth, height, width).
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or the input doesn't have five axes, or
        nothing is left of it.

    Notes
    -----
    Each spatial axis is as much shorter as is cut off. Backward: dy with zeros around it.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.Cropping3D((0, 1, (1, 2)))(np.zeros((1, 4, 5, 6, 2))).shape
    (1, 4, 3, 3, 2)
    """

    rank = 3

    def __init__(
        self,
        cropping: Any = ((1, 1), (1, 1), (1, 1)),
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.sides = sides("Cropping3D", "cropping", cropping, 3)
        self.set_data_format(data_format)
