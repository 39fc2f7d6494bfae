"""AttentionAxes: which axes of an array are steps that attend to each other."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from nnkit.engine.dispatch import launch
from nnkit.layers.base import Layer
from nnkit.layers.permute import permuted

__all__ = ["AttentionAxes", "checked_axes"]


class AttentionAxes:
    """The axes of (batch, ..., features): steps, and places, which attend to their own steps only.

    Parameters
    ----------
    owner : Layer
        Gives memory, and a name for errors.
    given : tuple of int or None
        The axes of the steps; None: all but batch and features.
    rank : int
        The number of axes.

    Attributes
    ----------
    steps, places : tuple of int

    Raises
    ------
    ValueError
        There are no such axes.
    """

    def __init__(self, owner: Layer, given: tuple[int, ...] | None, rank: int) -> None:
        self._owner = owner
        self.steps = tuple(
            range(1, rank - 1)
            if given is None
            else (axis + rank if axis < 0 else axis for axis in given)
        )
        if not self.steps or list(self.steps) != sorted({*self.steps} & {*range(1, rank - 1)}):
            raise ValueError(
                f"layer {owner.name!r}: attention_axes must be some of 1 to {rank - 2} in "
                f"ascending order, for inputs of {rank} axes, got {given}"
            )
        self.places = tuple(axis for axis in range(1, rank - 1) if axis not in self.steps)
        self._order = (*self.places, *self.steps)

    def steps_last(self, x: np.ndarray) -> np.ndarray:
        """(batch, ..., features) as (batch, places, steps, features)."""
        return self._moved(x, self._order)

    def steps_back(self, x: np.ndarray) -> np.ndarray:
        """The inverse; there may be several axes of features."""
        inverse = sorted(range(len(self._order)), key=lambda i: self._order[i])
        return self._moved(x, tuple(i + 1 for i in inverse))

    def _moved(self, x: np.ndarray, order: tuple[int, ...]) -> np.ndarray:
        if order == tuple(range(1, len(order) + 1)):
            return x
        ends = len(order) + 1
        wide = x.reshape(*x.shape[:ends], -1)
        y = permuted(self._owner, wide, (*order, ends))
        return y.reshape(*y.shape[:ends], *x.shape[ends:])

    def stacked(self, x: np.ndarray) -> np.ndarray:
        """View (batch, places, steps, heads, features) as (all places, heads, steps, features)."""
        *before, heads, features = x.shape
        count = math.prod(before[1 + len(self.places) :])
        return x.reshape(math.prod(before) // max(count, 1), count, heads, features).swapaxes(1, 2)

    def spread(self, mask: np.ndarray, shape: tuple[int, ...], of_query: bool) -> np.ndarray:
        """The mask of an input, (batch, steps), for (batch, places, heads, targets, sources)."""
        axes = self.steps if 1 in self.steps else self.places
        count = math.prod(shape[axis] for axis in axes)
        if count != shape[1]:  # Along other axes all are as the mask says of axis 1.
            wide = self._owner.empty((1, 1, 1, mask.size, count // shape[1]), bool)
            column = mask.reshape(1, 1, 1, -1, 1)
            launch.join_masks(column, column, 0, wide)
            mask = wide
        if 1 in self.places:
            return mask.reshape(-1, count, 1, 1, 1)
        return mask.reshape((-1, 1, 1, count, 1) if of_query else (-1, 1, 1, 1, count))

    def spread_over_scores(self, mask: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """An ``attention_mask`` for (batch, places, heads, targets, sources).

        Parameters
        ----------
        mask : numpy.ndarray
            Of a shape that ends with those of targets and sources.
        shape : tuple of int
            Of the weights: (batch, places, heads, targets, sources).

        Raises
        ------
        ValueError
            The mask has another shape.
        """
        n, places = len(self.steps), len(self.places)
        ends = mask.ndim - 2 * n
        sizes = (*mask.shape[: max(ends, 0)], *(1,) * (places + 2 - ends), *mask.shape[-2 * n :])
        ends_of_groups = itertools.accumulate((0, 1, places, 1, n, n))
        parts = [(sizes[a:b], shape[a:b]) for a, b in itertools.pairwise(ends_of_groups)]
        if ends < 0 or any(p != want and any(s != 1 for s in p) for p, want in parts):
            raise ValueError(
                f"layer {self._owner.name!r}: attention_mask must be of the shape of the weights, "
                f"{shape}, or without axes before those of targets and sources, with sizes of 1 "
                f"where it is shared, got {mask.shape}"
            )
        return mask.reshape(tuple(math.prod(part) for part, _ in parts))


def checked_axes(given: Any) -> tuple[int, ...] | None:
    """The argument ``attention_axes``."""
    axes = (given,) if isinstance(given, (int, np.integer)) else given
    if axes is None or len(axes) == 0:
        return None
    if not all(isinstance(axis, (int, np.integer)) for axis in axes):
        raise TypeError(
            f"MultiHeadAttention: attention_axes must be a whole number or several, got {given!r}"
        )
    return tuple(int(axis) for axis in axes)
