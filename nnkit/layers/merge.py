"""Merge: how the outputs of several branches become one array."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nnkit.engine.dispatch import empty, launch
from nnkit.layers.base import Shape

__all__ = ["MERGES", "Merge"]

MERGES = ("add", "average", "concatenate", "maximum", "multiply")


class Merge:
    """Merge arrays, two at a time, and compute each one's gradient.

    Parameters
    ----------
    how : str
        One of ``MERGES``.
    axis : int
        The axis along which ``"concatenate"`` joins them: any but the batch's.
    """

    def __init__(self, how: str, axis: int = -1) -> None:
        self.how, self.axis = how, axis

    def output_shape(self, owner: str, shapes: Sequence[Shape]) -> Shape:
        """Shape of the merged array.

        Raises
        ------
        ValueError
            Arrays of these shapes can't be merged.
        """
        first, rank = shapes[0], len(shapes[0])
        joins = self.how == "concatenate"
        if joins and not (-rank < self.axis < rank and self.axis % rank):
            raise ValueError(
                f"layer {owner!r}: axis {self.axis} is not one of the axes after the batch's of "
                f"results of shape {first}"
            )
        free = self.axis % rank if joins else None
        kept = [[n for i, n in enumerate(shape) if i != free] for shape in shapes]
        if any(len(s) != rank for s in shapes) or any(k != kept[0] for k in kept):
            where = f" but for axis {self.axis}" if joins else ""
            raise ValueError(
                f"layer {owner!r}: to {self.how}, the branches must give one shape{where}, got "
                f"{', '.join(map(str, shapes))}"
            )
        if free is None:
            return first
        return (*first[:free], sum(s[free] or 0 for s in shapes), *first[free + 1 :])

    def forward(self, arrays: Sequence[np.ndarray]) -> np.ndarray:
        """The merged array."""
        self._pairs: list[tuple[np.ndarray, np.ndarray]] = []
        y = arrays[0]
        for b in arrays[1:]:
            self._pairs.append((y, b))
            y = self._pair(y, b)
        return self._averaged(y) if self.how == "average" else y

    def backward(self, dy: np.ndarray) -> list[np.ndarray]:
        """The gradient of each array."""
        if self.how == "average":
            dy = self._averaged(dy)
        gradients = []
        for a, b in reversed(self._pairs):
            dy, db = self._pair_backward(dy, a, b)
            gradients.append(db)
        return [dy, *reversed(gradients)]

    def _averaged(self, total: np.ndarray) -> np.ndarray:
        y = empty(total.shape, total.dtype)
        launch.scale(total, 1.0 / (len(self._pairs) + 1), y)
        return y

    def _pair(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        if self.how == "concatenate":
            axis = self.axis % a.ndim
            shape = (*a.shape[:axis], a.shape[axis] + b.shape[axis], *a.shape[axis + 1 :])
            y = empty(shape, a.dtype)
            launch.join(*(self._rows(array) for array in (a, b, y)))
            return y
        kernel = {"maximum": launch.maximum, "multiply": launch.multiply}.get(self.how, launch.add)
        y = empty(a.shape, a.dtype)
        kernel(a, b, y)
        return y

    def _pair_backward(
        self, dy: np.ndarray, a: np.ndarray, b: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        if self.how in ("add", "average"):
            return dy, dy
        da, db = empty(a.shape, a.dtype), empty(b.shape, b.dtype)
        if self.how == "concatenate":
            launch.cut(*(self._rows(array) for array in (dy, da, db)))
        elif self.how == "multiply":
            launch.multiply(dy, b, da)
            launch.multiply(dy, a, db)
        else:
            launch.maximum_backward(dy, a, b, da, db)
        return da, db

    def _rows(self, array: np.ndarray) -> np.ndarray:
        """View an array as a matrix: the axes before the axis of concatenation, and the rest."""
        return array.reshape(math.prod(array.shape[: self.axis % array.ndim]), -1)
