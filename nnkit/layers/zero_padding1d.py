"""ZeroPadding1D."""

from __future__ import annotations

from typing import Any

from nnkit.layers.new_lengths import sides
from nnkit.layers.padding import ZeroPadding

__all__ = ["ZeroPadding1D"]


class ZeroPadding1D(ZeroPadding):
    """Pad a sequence with zeros before and after.

    Parameters
    ----------
    padding : int or (int, int)
        The number of timesteps on both sides, or before and after.
    data_format : {"channels_last", "channels_first"}, optional
        Inputs are (batch, steps, channels), or (batch, channels, steps).
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or the input doesn't have three axes.

    Notes
    -----
    Output (batch, before + steps + after, channels). Backward: dy without the padding.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.ZeroPadding1D((1, 2))(np.ones((1, 2, 1))).ravel()
    array([0., 1., 1., 0., 0.], dtype=float32)
    """

    rank = 1

    def __init__(self, padding: Any = 1, data_format: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.sides = sides("ZeroPadding1D", "padding", padding, 1)
        self.set_data_format(data_format)
