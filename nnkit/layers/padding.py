"""Padding: the base classes of layers that pad images with zeros, or crop them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnkit.engine.dispatch import launch
from nnkit.layers.base import Shape
from nnkit.layers.new_lengths import Axes, NewLengths

__all__ = ["Cropping", "ZeroPadding"]


class Padding(NewLengths, abstract=True):
    """Zeros are laid around an image, or cut off.

    Attributes
    ----------
    sides : sequence of (int, int)
        The number of elements before and after, for each spatial axis.
    """

    sides: Sequence[tuple[int, ...]]

    def pad(self, axes: Axes, small: np.ndarray, large: np.ndarray) -> None:
        """large = small with zeros around it."""
        launch.zero_pad(
            self._flat(small, axes), *self._before(axes, small), self._flat(large, axes)
        )

    def cut(self, axes: Axes, large: np.ndarray, small: np.ndarray) -> None:
        """small = large without what is around it."""
        place = self._before(axes, small)
        launch.zero_pad_backward(self._flat(large, axes), *place, self._flat(small, axes))

    def _flat(self, x: np.ndarray, axes: Axes) -> np.ndarray:
        planes = self.planes(x, axes)
        return planes.reshape(*planes.shape[:3], planes.shape[3] * planes.shape[4])

    def _before(self, axes: Axes, x: np.ndarray) -> tuple[int, int]:
        """The rows above an image, and the elements before each row's first one."""
        top, left = self.at_least_two([self.sides[axis][0] for axis in axes], 0)
        return top, left * self.planes(x, axes).shape[4]


class ZeroPadding(Padding, abstract=True):
    """Pad with zeros."""

    def new_lengths(self, lengths: Shape) -> Shape:
        """The input's lengths plus the padding."""
        each = zip(lengths, self.sides, strict=True)
        return tuple(None if n is None else n + sum(side) for n, side in each)

    def change(self, axes: Axes, x: np.ndarray, y: np.ndarray) -> None:
        """y = x, padded with zeros."""
        self.pad(axes, x, y)

    def change_backward(self, axes: Axes, dy: np.ndarray, dx: np.ndarray) -> None:
        """dx = dy without the padding."""
        self.cut(axes, dy, dx)


class Cropping(Padding, abstract=True):
    """Cut off what is at the sides."""

    def build(self, input_shape: Shape) -> None:
        """Refuse inputs of which nothing would be left."""
        self.compute_output_shape(input_shape)

    def new_lengths(self, lengths: Shape) -> Shape:
        """The input's lengths without what is cut off."""
        each = zip(lengths, self.sides, strict=True)
        new = tuple(None if n is None else n - sum(side) for n, side in each)
        if any(n is not None and n < 1 for n in new):
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}): cropping {tuple(self.sides)} leaves "
                f"nothing of an input whose spatial axes are {lengths}; crop less"
            )
        return new

    def change(self, axes: Axes, x: np.ndarray, y: np.ndarray) -> None:
        """y = x without its sides."""
        self.cut(axes, x, y)

    def change_backward(self, axes: Axes, dy: np.ndarray, dx: np.ndarray) -> None:
        """dx = dy with zeros around it."""
        self.pad(axes, dy, dx)
