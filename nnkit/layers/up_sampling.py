"""UpSampling: the base class of layers that repeat elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.base import Shape
from nnkit.layers.new_lengths import Axes, NewLengths

__all__ = ["UpSampling"]


class UpSampling(NewLengths, abstract=True):
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

    def new_lengths(self, lengths: Shape) -> Shape:
        """The input's lengths times the size."""
        each = zip(lengths, self.size, strict=True)
        return tuple(None if n is None else n * size for n, size in each)

    def change(self, axes: Axes, x: np.ndarray, y: np.ndarray) -> None:
        """y = x with every row and column repeated."""
        launch.repeat(self.planes(x, axes), self.planes(y, axes))

    def change_backward(self, axes: Axes, dy: np.ndarray, dx: np.ndarray) -> None:
        """dx = the sum of dy over the copies."""
        launch.repeat_backward(self.planes(dy, axes), self.planes(dx, axes))
