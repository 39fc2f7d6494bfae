"""Flatten."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.base import Layer, Shape

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

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, product of the other sizes); None if one of them is."""
        sizes = [size for size in input_shape[1:] if size is not None]
        return (input_shape[0], math.prod(sizes) if len(sizes) == len(input_shape) - 1 else None)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """A view of x as (batch, -1); for channels_first a copy."""
        self.shape = x.shape
        size = math.prod(x.shape[1:])
        if self.data_format == "channels_first" and x.ndim > 2:
            x = self._swapped(x.reshape(len(x), x.shape[1], math.prod(x.shape[2:])))
        return x.reshape(len(x), size)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """A view of dy in the input's shape; for channels_first a copy."""
        shape = self.shape
        if self.data_format == "channels_first" and len(shape) > 2:
            dy = self._swapped(dy.reshape(len(dy), math.prod(shape[2:]), shape[1]))
        return dy.reshape(shape)

    def _swapped(self, x: np.ndarray) -> np.ndarray:
        y = self.empty((len(x), x.shape[2], x.shape[1]))
        launch.swap_axes(x, y)
        return y
