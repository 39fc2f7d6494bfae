"""ZeroPadding2D."""

from __future__ import annotations

from typing import Any

from nnkit.layers.new_lengths import sides
from nnkit.layers.padding import ZeroPadding

__all__ = ["ZeroPadding2D"]


class ZeroPadding2D(ZeroPadding):
    """Pad an image with zeros on all sides.

    Parameters
    ----------
    padding : int or (int, int) or ((int, int), (int, int))
        The number of zeros on all sides; (above and below, left and right); or ((top, bottom),
        (left, right)).
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
    Output (batch, top + height + bottom, left + width + right, channels). Backward: dy without the
    padding.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.ZeroPadding2D(((1, 0), (0, 2)))(np.ones((1, 1, 1, 1)))[0, ..., 0]
    array([[0., 0., 0.],
           [1., 0., 0.]], dtype=float32)
    """

    def __init__(
        self, padding: Any = (1, 1), data_format: str | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self.sides = sides("ZeroPadding2D", "padding", padding, 2)
        self.set_data_format(data_format)
