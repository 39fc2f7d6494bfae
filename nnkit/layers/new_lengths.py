"""NewLengths: the base class of layers that pad, crop and resize images."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.layers.base import Shape
from nnkit.layers.window import WindowLayer

__all__ = ["NewLengths", "sides"]

Axes = tuple[int, ...]


class NewLengths(WindowLayer, abstract=True):
    """A layer that changes the lengths of the spatial axes, one or two of them at a time.

    A subclass says what the new lengths are, and launches kernels on :meth:`planes`.
    """

    @abstractmethod
    def new_lengths(self, lengths: Shape) -> Shape:
        """The output's lengths of the spatial axes; None for those that are not known."""

    @abstractmethod
    def change(self, axes: Axes, x: np.ndarray, y: np.ndarray) -> None:
        """y = x with new lengths of some spatial axes."""

    @abstractmethod
    def change_backward(self, axes: Axes, dy: np.ndarray, dx: np.ndarray) -> None:
        """dx = the gradient of x, given that of y."""

    def together(self) -> list[Axes]:
        """Which spatial axes change together, in the order in which they do."""
        return [(0,)] if self.rank == 1 else [(0, 1)] if self.rank == 2 else [(1, 2), (0,)]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape with other spatial axes."""
        lengths, channels = self.divide(input_shape)
        return self.joined(input_shape[0], self.new_lengths(lengths), channels)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """Change all lengths."""
        lengths, channels = self.divide(x.shape)
        new = self.new_lengths(lengths)
        self.shapes = [x.shape]
        for axes in self.together():
            lengths = tuple(new[i] if i in axes else n for i, n in enumerate(lengths))
            y = self.empty(self.joined(x.shape[0], lengths, channels))  # type: ignore[arg-type]
            self.change(axes, x, y)
            self.shapes.append(y.shape)
            x = y
        return x

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """The way back."""
        for axes, shape in zip(self.together()[::-1], self.shapes[-2::-1], strict=True):
            dx = self.empty(shape)
            self.change_backward(axes, dy, dx)
            dy = dx
        return dy

    def planes(self, x: np.ndarray, axes: Axes) -> np.ndarray:
        """View x as (batch, outer, rows, columns, inner), where rows and columns are the axes.

        What comes before them is outer, what comes after them inner, and so are the channels.
        """
        lengths, channels = self.divide(x.shape)
        first, end = axes[0], axes[-1] + 1
        outer, inner = math.prod(lengths[:first]), math.prod(lengths[end:])
        if self.data_format == "channels_first":
            outer *= channels
        else:
            inner *= channels
        size = self.at_least_two(lengths[first:end], 1)
        return x.reshape(x.shape[0], outer, *size, inner)


def sides(owner: str, name: str, value: Any, rank: int) -> tuple[tuple[int, ...], ...]:
    """Check numbers of elements before and after each spatial axis.

    Examples
    --------
    >>> sides("ZeroPadding2D", "padding", 1, 2)
    ((1, 1), (1, 1))
    >>> sides("ZeroPadding2D", "padding", (1, (2, 3)), 2)
    ((1, 1), (2, 3))
    """
    if rank == 1:
        return (checks.sizes(owner, name, value, 2, 0),)
    each = value if isinstance(value, (tuple, list)) else (value,) * rank
    if len(each) != rank:
        pairs = "((top, bottom), (left, right))" if rank == 2 else f"{rank} pairs of them"
        raise ValueError(
            f"{owner}: {name} is a whole number, {rank} of them, or {pairs}, got {value!r}"
        )
    return tuple(checks.sizes(owner, name, side, 2, 0) for side in each)
