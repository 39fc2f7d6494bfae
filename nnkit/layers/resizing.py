"""Resizing: the base classes of layers that pad or upsample images and sequences."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.base import Shape
from nnkit.layers.window import WindowLayer

__all__ = ["Resizing", "UpSampling", "ZeroPadding"]


class Resizing(WindowLayer, abstract=True):
    """A layer that changes the lengths of the spatial axes."""

    @abstractmethod
    def new_length(self, length: int, axis: int) -> int:
        """Length of one of the output's spatial axes, counted from 0."""

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape with longer spatial axes."""
        lengths, channels = self.divide(input_shape)
        longer = tuple(
            None if length is None else self.new_length(length, axis)
            for axis, length in enumerate(lengths)
        )
        return self.joined(input_shape[0], longer, channels)

    def planes(self, x: np.ndarray) -> np.ndarray:
        """View x as (batch, outer, rows, columns, inner), with the channels outer or inner."""
        lengths, channels = self.divide(x.shape)
        rows, columns = self.as_pair(lengths, 1)
        if self.data_format == "channels_first":
            return x.reshape(x.shape[0], channels, rows, columns, 1)
        return x.reshape(x.shape[0], 1, rows, columns, channels)

    def _larger(self, x: np.ndarray) -> np.ndarray:
        """Memory for the output."""
        return self.empty(self.compute_output_shape(x.shape))  # type: ignore[arg-type]


class ZeroPadding(Resizing, abstract=True):
    """Pad with zeros.

    Attributes
    ----------
    sides : tuple of (int, int)
        The number of zeros before and after, for each spatial axis.
    """

    sides: Sequence[tuple[int, ...]]

    def new_length(self, length: int, axis: int) -> int:
        """The input's length plus the padding."""
        return length + sum(self.sides[axis])

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """y = x, padded with zeros."""
        self.shape, y = x.shape, self._larger(x)
        launch.zero_pad(self._flat(x), *self._before(x), self._flat(y))
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx = dy without the padding."""
        dx = self.empty(self.shape)
        launch.zero_pad_backward(self._flat(dy), *self._before(dx), self._flat(dx))
        return dx

    def _flat(self, x: np.ndarray) -> np.ndarray:
        planes = self.planes(x)
        return planes.reshape(*planes.shape[:3], -1)

    def _before(self, x: np.ndarray) -> tuple[int, int]:
        """The rows of zeros above an image, and the zeros before each row's first element."""
        top, left = self.as_pair([before for before, _ in self.sides], 0)
        return top, left * self.planes(x).shape[4]


class UpSampling(Resizing, abstract=True):
    """Repeat every element.

    Attributes
    ----------
    size : tuple of int
        The number of repetitions, for each spatial axis.
    """

    size: Sequence[int]

    def set_size(self, value: Any) -> None:
        """Set ``size`` from one number for all spatial axes, or one for each."""
        self.size = checks.sizes(type(self).__name__, "size", value, self.rank)

    def new_length(self, length: int, axis: int) -> int:
        """The input's length times the size."""
        return length * self.size[axis]

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """y = x with every row and column repeated."""
        self.shape, y = x.shape, self._larger(x)
        launch.repeat(self.planes(x), self.planes(y))
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx = the sum of dy over the copies."""
        dx = self.empty(self.shape)
        launch.repeat_backward(self.planes(dy), self.planes(dx))
        return dx
