"""Cropping1D."""

from __future__ import annotations

from typing import Any

from nnkit.layers.new_lengths import sides
from nnkit.layers.padding import Cropping

__all__ = ["Cropping1D"]


class Cropping1D(Cropping):
    """Cut off timesteps before and after a sequence's middle.

    Parameters
    ----------
    cropping : int or (int, int)
        The number of timesteps on both sides, or before and after.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or the input doesn't have three axes, or
        nothing is left of it.

    Notes
    -----
    Output (batch, steps - before - after, channels). Backward: dy with zeros around it.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.Cropping1D((1, 2))(np.arange(5.0).reshape(1, 5, 1)).ravel()
    array([1., 2.], dtype=float32)
    """

    rank = 1

    def __init__(self, cropping: Any = (1, 1), **options: Any) -> None:
        super().__init__(**options)
        self.sides = sides("Cropping1D", "cropping", cropping, 1)
        self.set_data_format(None)
