"""Flatten."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.layers.base import Layer, Shape
from nnkit.layers.permute import Permute

__all__ = ["Flatten"]


class Flatten(Layer):
    """Join all axes but the batch: (batch, a, b) becomes (batch, a b), a view of the input.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
        With ``"channels_first"`` the channels, axis 1, are first moved to the end, so the output is
        that of the image in channels_last. This copies.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    ValueError
        ``data_format`` is unknown.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.Flatten()(np.zeros((2, 28, 28))).shape
    (2, 784)
    """

    recordable = True

    def __init__(self, data_format: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.data_format = checks.data_format("Flatten", data_format)
        self._moved: Permute | None = None

    def build(self, input_shape: Shape) -> None:
        """Remember whether the channels must be moved to the end."""
        last = len(input_shape) - 1
        if self.data_format == "channels_first" and last > 1:
            self._moved = Permute((*range(2, last + 1), 1), dtype=self.dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, product of the other sizes)."""
        return (input_shape[0], math.prod(n or 0 for n in input_shape[1:]))

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """A view of x as (batch, -1); for channels_first a copy."""
        if self._moved is not None:
            x = self._moved.forward(x)
        self.shape = x.shape
        return x.reshape(x.shape[0], math.prod(x.shape[1:]))

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """A view of dy in the input's shape; for channels_first a copy."""
        dx = dy.reshape(self.shape)
        return dx if self._moved is None else self._moved.backward(dx)
