"""Adaptive pooling: the base classes of pooling to a given size."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit.engine.dispatch import launch
from nnkit.layers.base import Shape
from nnkit.layers.interpolation import Interpolation, Samples, tables
from nnkit.layers.new_lengths import Axes
from nnkit.layers.window import Lengths

__all__ = ["AdaptiveAveragePooling", "AdaptiveMaxPooling"]


class AdaptiveAveragePooling(Interpolation, abstract=True):
    """The mean of each of so many windows that cover the input."""

    def __init__(
        self, output_size: int | tuple[int, ...], data_format: str | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self.output_size = self.sizes("output_size", output_size)
        self.set_data_format(data_format)

    def new_lengths(self, lengths: Shape) -> Shape:
        """The output size."""
        return self.output_size

    def samples(self, axis: int, lengths: Lengths, new: int) -> Samples:
        """Windows of elements that count alike."""
        return Samples("mean", lengths[axis], new, 0, lengths[axis])


class AdaptiveMaxPooling(AdaptiveAveragePooling, abstract=True):
    """The largest element of each of so many windows that cover the input."""

    def change(self, axes: Axes, x: np.ndarray, y: np.ndarray) -> None:
        """y = the largest elements along an axis."""
        (axis,) = axes
        there, _ = tables(self.samples_of(axis), self.dtype)
        at = self.empty(y.shape, np.int32)
        setattr(self, f"at_{axis}", at)
        x, y, at = (self.lines(array, axis) for array in (x, y, at))
        launch.range_max(x, there.starts, there.counts, y, at)

    def change_backward(self, axes: Axes, dy: np.ndarray, dx: np.ndarray) -> None:
        """dx = the sum of dy over the windows in which the element is the largest."""
        (axis,) = axes
        _, back = tables(self.samples_of(axis), self.dtype)
        dy, at, dx = (self.lines(a, axis) for a in (dy, getattr(self, f"at_{axis}"), dx))
        launch.range_max_backward(dy, at, back.starts, back.counts, dx)
