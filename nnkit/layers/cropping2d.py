"""Cropping2D."""

from __future__ import annotations

from typing import Any

from nnkit.layers.new_lengths import sides
from nnkit.layers.padding import Cropping

__all__ = ["Cropping2D"]


class Cropping2D(Cropping):
    """Cut off rows and columns at the sides of an image.

    Parameters
    ----------
    cropping : int or (int, int) or ((int, int), (int, int))
        The number of pixels at all sides; (above and below, left and right); or ((top, bottom),
        (left, right)).
    data_format : {"channels_last", "channels_first"}, optional
        Inputs are (batch, height, width, channels), or (batch, channels, height, width).
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or the input doesn't have four axes, or
        nothing is left of it.

    Notes
    -----
    Output (batch, height - top - bottom, width - left - right, channels). Backward: dy with zeros
    around it.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.Cropping2D(((1, 0), (0, 1)))(np.arange(9.0).reshape(1, 3, 3, 1))[0, ..., 0]
    array([[3., 4.],
           [6., 7.]], dtype=float32)
    """

    rank = 2

    def __init__(
        self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self.sides = sides("Cropping2D", "cropping", cropping, 2)
        self.set_data_format(data_format)
