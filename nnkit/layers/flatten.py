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
    """All axes but the batch as one: (batch, a, b) becomes (batch, a b). Nothing is copied.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
        With ``"channels_first"`` the channels, which are axis 1, are moved to the end first, and so
        images give the same in both formats.
    **options
        Those of :class:`Layer`.

    Raises
    ------
    ValueError
        ``data_format`` is another one.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.Flatten()(np.zeros((2, 28, 28))).shape
    (2, 784)
    """

    recordable = True

    def __init__(self, data_format: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        known = ("channels_last", "channels_first")
        self.data_format = checks.one_of("Flatten", "data_format", data_format or known[0], known)
        self._moved: Permute | None = None

    def build(self, input_shape: Shape) -> None:
        """Know which axis the channels are."""
        last = len(input_shape) - 1
        if self.data_format == "channels_first" and last > 1:
            self._moved = Permute((*range(2, last + 1), 1), dtype=self.dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, product of the others)."""
        return (input_shape[0], math.prod(n or 0 for n in input_shape[1:]))

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """The same memory, flat; of channels that come first, a copy."""
        if self._moved is not None:
            x = self._moved.forward(x)
        self.shape = x.shape
        return x.reshape(x.shape[0], math.prod(x.shape[1:]))

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """The same memory in the input's shape."""
        dx = dy.reshape(self.shape)
        return dx if self._moved is None else self._moved.backward(dx)
