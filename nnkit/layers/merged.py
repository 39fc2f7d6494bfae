"""Merge: how several arrays become one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit.engine.dispatch import empty, launch
from nnkit.layers.base import Shape
from nnkit.layers.broadcasting import broadcast, sum_to

__all__ = ["MERGES", "Merge"]

MERGES = ("add", "average", "concatenate", "maximum", "multiply", "minimum", "subtract")

Mask = np.ndarray | None


class Merge:
    """Merge arrays, two at a time, and compute each one's gradient.

    Parameters
    ----------
    how : str
        One of ``MERGES``.
    axis : int
        The axis along which ``"concatenate"`` joins them: any but the batch's.

    Attributes
    ----------
    mask : numpy.ndarray or None
        After :meth:`forward`, the mask of the merged array: bool (batch, steps).
    """

    def __init__(self, how: str, axis: int = -1) -> None:
        self.how, self.axis = how, axis
        self.mask: Mask = None

    # -------------------------------------------------------------------------------- shapes

    def output_shape(self, owner: str, shapes: Sequence[Shape]) -> Shape:
        """Shape of the merged array; sizes may be None.

        Raises
        ------
        ValueError
            Arrays of these shapes can't be merged.
        """
        batches = {shape[0] for shape in shapes} - {None}
        if len(batches) > 1:
            raise ValueError(
                f"layer {owner!r} can't {self.how} batches of different sizes: {_listed(shapes)}"
            )
        batch = next(iter(batches), None)
        shape_of = self._joined_shape if self.how == "concatenate" else self._broadcast_shape
        return (batch, *shape_of(owner, shapes)[1:])

    def _broadcast_shape(self, owner: str, shapes: Sequence[Shape]) -> Shape:
        merged: list[int | None] = []
        ranks = max(map(len, shapes))
        for sizes in zip(*(_of_rank(shape, ranks) for shape in shapes), strict=True):
            known = set(sizes) - {1, None}
            if len(known) > 1 and merged:  # The batch's sizes are already known to agree.
                raise ValueError(
                    f"layer {owner!r}: to {self.how}, inputs must have one shape, or sizes of 1 "
                    f"where others have more, got {_listed(shapes)}"
                )
            merged.append(None if None in sizes else max(sizes))
        return tuple(merged)

    def _joined_shape(self, owner: str, shapes: Sequence[Shape]) -> Shape:
        first, rank = shapes[0], len(shapes[0])
        if not (-rank < self.axis < rank and self.axis % rank):
            raise ValueError(
                f"layer {owner!r}: axis {self.axis} is not one of the axes after the batch's of "
                f"results of shape {first}"
            )
        joined, merged = self.axis % rank, list(first)
        for shape in shapes[1:]:
            fits = len(shape) == rank
            for i, size in enumerate(shape if fits else ()):
                mine = merged[i]
                if i == joined:
                    merged[i] = None if mine is None or size is None else mine + size
                else:
                    fits = fits and (i == 0 or mine is None or size is None or mine == size)
                    merged[i] = size if mine is None else mine
            if not fits:
                raise ValueError(
                    f"layer {owner!r}: to concatenate, inputs must have one shape but for axis "
                    f"{self.axis}, got {_listed(shapes)}"
                )
        return tuple(merged)

    # -------------------------------------------------------------------------------- values

    def forward(self, arrays: Sequence[np.ndarray], masks: Sequence[Mask] = ()) -> np.ndarray:
        """The merged array.

        A masked step takes no part in a product, a maximum or a minimum, as in Keras.

        Parameters
        ----------
        arrays : sequence of numpy.ndarray
        masks : sequence
            bool (batch, steps) for each array, or None where all steps count.
        """
        masks = list(masks) or [None] * len(arrays)
        self._pairs: list[_Pair] = []
        self._given = [array.shape for array in arrays]
        if self.how == "concatenate":
            self.mask = self._joined_mask(arrays, masks)
            return self._joined(arrays)
        rank = max(array.ndim for array in arrays)
        wide = [array.reshape(_of_rank(array.shape, rank)) for array in arrays]
        shape = np.broadcast_shapes(*(array.shape for array in wide))
        masks = [_wide_mask(array, mask, shape) for array, mask in zip(arrays, masks, strict=True)]
        self._wide = [array.shape for array in wide]
        y, mask = broadcast(wide[0], shape), masks[0]
        for array, other in zip(wide[1:], masks[1:], strict=True):
            y, mask = self._pair(y, broadcast(array, shape), mask, other)
        self.mask = mask
        return self._averaged(y) if self.how == "average" else y

    def backward(self, dy: np.ndarray) -> list[np.ndarray]:
        """The gradient of each array."""
        if self.how == "concatenate":
            return self._cut(dy, self._given)
        if self.how == "average":
            dy = self._averaged(dy)
        found = []
        for pair in reversed(self._pairs):
            dy, db = self._pair_backward(dy, pair)
            found.append(db)
        gradients = [dy, *reversed(found)]
        return [
            sum_to(gradient, wide).reshape(shape)
            for gradient, wide, shape in zip(gradients, self._wide, self._given, strict=True)
        ]

    def _averaged(self, total: np.ndarray) -> np.ndarray:
        return _scaled(total, 1.0 / len(self._given))

    def _pair(
        self, a: np.ndarray, b: np.ndarray, a_counts: Mask, b_counts: Mask
    ) -> tuple[np.ndarray, Mask]:
        y = _like(a)
        kernel = "add" if self.how == "average" else self.how
        getattr(launch, kernel)(a, b, y)
        mask = None
        if a_counts is not None and b_counts is not None:
            mask = _like(a_counts)
            launch.either(a_counts, b_counts, mask)
        counts: tuple[np.ndarray, ...] = ()
        if self.how in _LEAVING_OUT and not (a_counts is None and b_counts is None):
            given = (_all_count(a) if c is None else c for c in (a_counts, b_counts))
            counts = tuple(c.reshape(c.size) for c in given)
            merged, y = y, _like(a)
            rows = (_rows_of(counts[0], array) for array in (merged, a, b))
            launch.merge_what_counts(*rows, *counts, self._keep, _rows_of(counts[0], y))
        self._pairs.append((a, b, counts))
        return y, mask

    def _pair_backward(self, dy: np.ndarray, pair: _Pair) -> tuple[np.ndarray, np.ndarray]:
        a, b, counts = pair
        if not counts:
            return self._merged_backward(dy, a, b)
        parts = _like(a), _like(a), _like(a)
        rows = (_rows_of(counts[0], part) for part in parts)
        launch.merge_what_counts_backward(_rows_of(counts[0], dy), *counts, self._keep, *rows)
        found = self._merged_backward(parts[0], a, b)
        return _sum(found[0], parts[1]), _sum(found[1], parts[2])

    def _merged_backward(
        self, dy: np.ndarray, a: np.ndarray, b: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        if self.how in ("add", "average"):
            return dy, dy
        if self.how == "subtract":
            return dy, _scaled(dy, -1.0)
        da, db = _like(a), _like(a)
        if self.how == "multiply":
            launch.multiply(dy, b, da)
            launch.multiply(dy, a, db)
        else:  # The smaller of a and b is where b is the larger.
            larger = (a, b) if self.how == "maximum" else (b, a)
            launch.maximum_backward(dy, *larger, da, db)
        return da, db

    @property
    def _keep(self) -> int:
        """Whether a number is left where no step counts; a product of none is 0, as in Keras."""
        return int(self.how != "multiply")

    # ------------------------------------------------------------------------- concatenation

    def _joined(self, arrays: Sequence[np.ndarray]) -> np.ndarray:
        """Two halves side by side, so that no array is copied more often than needed."""
        if len(arrays) == 1:
            return arrays[0]
        half = len(arrays) // 2
        a, b = self._joined(arrays[:half]), self._joined(arrays[half:])
        axis = self.axis % a.ndim
        y = empty((*a.shape[:axis], a.shape[axis] + b.shape[axis], *a.shape[axis + 1 :]), a.dtype)
        launch.join(*(_matrix(array, axis) for array in (a, b, y)))
        return y

    def _cut(self, dy: np.ndarray, shapes: Sequence[tuple[int, ...]]) -> list[np.ndarray]:
        """The parts of an array that were joined."""
        if len(shapes) == 1:
            return [dy]
        half, axis = len(shapes) // 2, self.axis % dy.ndim
        first = sum(shape[axis] for shape in shapes[:half])
        sizes = first, dy.shape[axis] - first
        a, b = (empty((*dy.shape[:axis], n, *dy.shape[axis + 1 :]), dy.dtype) for n in sizes)
        launch.cut(*(_matrix(array, axis) for array in (dy, a, b)))
        return [*self._cut(a, shapes[:half]), *self._cut(b, shapes[half:])]

    # --------------------------------------------------------------------------------- masks

    def _joined_mask(self, arrays: Sequence[np.ndarray], masks: Sequence[Mask]) -> Mask:
        if all(mask is None for mask in masks):
            return None
        if self.axis % arrays[0].ndim == 1:
            pairs = zip(arrays, masks, strict=True)
            return Merge("concatenate", 1)._joined(
                [_all_count(array) if mask is None else mask for array, mask in pairs]
            )
        found = masks[0]
        for mask in masks[1:]:
            if found is None or mask is None:
                return None
            y = _like(found)
            launch.either(found, mask, y)
            found = y
        return found

    def __getstate__(self) -> dict[str, Any]:
        """Without the arrays of the last step."""
        return {"how": self.how, "axis": self.axis, "mask": None}


_LEAVING_OUT = ("maximum", "minimum", "multiply")
_Pair = tuple[np.ndarray, np.ndarray, tuple[np.ndarray, ...]]


def _listed(shapes: Sequence[Shape]) -> str:
    return ", ".join(map(str, shapes))


def _of_rank(shape: Any, rank: int) -> Any:
    """A shape with so many axes; those that it lacks follow the batch's."""
    return (shape[0], *(1,) * (rank - len(shape)), *shape[1:])


def _like(array: np.ndarray) -> np.ndarray:
    return empty(array.shape, array.dtype)


def _scaled(x: np.ndarray, factor: float) -> np.ndarray:
    y = _like(x)
    launch.scale(x, factor, y)
    return y


def _sum(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    y = _like(a)
    launch.add(a, b, y)
    return y


def _wide_mask(array: np.ndarray, mask: Mask, shape: tuple[int, ...]) -> Mask:
    """The mask of an array that is broadcast."""
    if mask is None:
        return None
    if array.ndim < len(shape):
        raise ValueError(
            f"the mask of an input of shape {array.shape} has no place in a result of shape {shape}"
            ": its steps are not the result's; reshape the input to the axes of the others first"
        )
    return broadcast(mask, shape[:2])


def _all_count(array: np.ndarray) -> np.ndarray:
    """A mask of an array's steps that says that all count."""
    mask = empty(array.shape[:2], "bool")
    launch.fill(1, mask)
    return mask


def _rows_of(counts: np.ndarray, array: np.ndarray) -> np.ndarray:
    """View an array as a matrix with a row for each step of a mask."""
    return array.reshape(counts.size, -1)


def _matrix(array: np.ndarray, axis: int) -> np.ndarray:
    """View an array as a matrix: the axes before an axis, and the rest."""
    return array.reshape(math.prod(array.shape[:axis]), -1)
