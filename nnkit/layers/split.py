"""Split: equal parts of an array."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nnkit.engine.dispatch import launch
from nnkit.layers.base import Layer, Shape

__all__ = ["Split"]


class Split(Layer):
    """Give equal parts of an array along an axis, each as an output, for the ``call`` of layers.

    Slices would give the same; but the gradient of each slice has the size of the whole array.

    Parameters
    ----------
    axis : int
        Not that of the batch.
    count : int, optional
        By default each part has one entry of the axis, and lacks the axis.
    dtype : str, optional
        Of the array.
    """

    recordable = True
    trusted = True

    def __init__(self, axis: int, count: int | None = None, dtype: str | None = None) -> None:
        super().__init__(dtype=dtype)
        self.axis, self.count = axis, count

    def compute_output_shape(self, input_shape: Shape) -> list[Shape]:
        """The shape of each part."""
        axis, size = self.axis % len(input_shape), self.known_size(input_shape, self.axis)
        inner = () if self.count is None else (size // self.count,)
        return [(*input_shape[:axis], *inner, *input_shape[axis + 1 :])] * (self.count or size)

    def forward(self, x: np.ndarray, training: bool = False) -> list[np.ndarray]:
        """Views of the parts, one after the other in memory."""
        self.shape, shapes = x.shape, self.compute_output_shape(x.shape)
        outer, count = math.prod(x.shape[: self.axis % x.ndim]), len(shapes)
        y = self.empty((count, outer, x.size // (count * outer)))
        launch.steps_first(x.reshape(outer, count, -1), 0, 0, y)
        return [part.reshape(shape) for part, shape in zip(y, shapes, strict=True)]

    def backward(self, dy: Sequence[np.ndarray]) -> np.ndarray:
        """The gradients of all parts as one array."""
        outer = math.prod(self.shape[: self.axis % len(self.shape)])
        together = self.empty((len(dy), outer, math.prod(self.shape) // (len(dy) * outer)))
        for of_part, place in zip(dy, together, strict=True):
            launch.copy(of_part.reshape(place.shape), place)
        dx = self.empty((outer, len(dy), together.shape[2]))
        launch.batch_first(together, 0, 0, dx)
        return dx.reshape(self.shape)

    def compute_mask(self, x: np.ndarray, mask: np.ndarray | None = None) -> None:
        """A part has no mask."""
