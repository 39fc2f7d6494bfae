"""ZeroPadding2D."""

from __future__ import annotations

from typing import Any

from nnkit import checks
from nnkit.layers.resizing import ZeroPadding

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
        pair = padding if isinstance(padding, (tuple, list)) else (padding, padding)
        if len(pair) != 2:
            raise ValueError(
                "ZeroPadding2D: padding is a whole number, 2 of them, or ((top, bottom), (left, "
                f"right)), got {padding!r}"
            )
        self.sides = [checks.sizes("ZeroPadding2D", "padding", side, 2, 0) for side in pair]
        self.set_data_format(data_format)
