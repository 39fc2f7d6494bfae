"""Axes of a layer's input, given by the argument ``axis``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnkit import checks
from nnkit.layers.base import Shape

__all__ = ["axis_list", "first_axis", "last_axes", "sample_axes"]


def axis_list(owner: str, axis: int | Sequence[int]) -> list[int]:
    """The axes of an argument ``axis``, one or several, as they were given.

    Raises
    ------
    TypeError, ValueError
        It is not a whole number, nor a list of some.
    """
    given = axis if isinstance(axis, (list, tuple)) else [axis]
    return [checks.integer(owner, "axis", a, -8, 8) for a in given]


def sample_axes(layer: Any, shape: Shape) -> list[int]:
    """A layer's axes counted from 0, in order; none is the batch's.

    Raises
    ------
    ValueError
        The shape has no such axis, or it is the batch's, or one is named twice.
    """
    rank = len(shape)
    axes = sorted(axis + rank if axis < 0 else axis for axis in layer.axis)
    if not all(0 < axis < rank for axis in axes) or len(set(axes)) < len(axes):
        raise ValueError(
            f"layer {layer.name!r} ({type(layer).__name__}) has axis {layer.axis}, but inputs of "
            f"shape {shape}: their axes, without the batch's, are 1 to {rank - 1}, or -1 to "
            f"{1 - rank}, each at most once"
        )
    return axes


def first_axis(layer: Any, shape: Shape) -> int:
    """The first of a layer's axes in inputs of a shape, which need not have all of them."""
    return max(1, min(axis if axis >= 0 else len(shape) + axis for axis in layer.axis))


def last_axes(layer: Any, shape: Shape) -> list[int]:
    """A layer's axes counted from 0: the last one, or the last few without the batch's.

    Raises
    ------
    ValueError
        They are others.
    """
    rank = len(shape)
    axes = sorted(axis if axis >= 0 else rank + axis for axis in layer.axis)
    if not axes or axes != list(range(max(1, rank - len(axes)), rank)):
        raise ValueError(
            f"layer {layer.name!r} ({type(layer).__name__}) has axis {layer.axis}, but it must be "
            f"the last axis, or the last few without the batch, of inputs of shape {shape}"
        )
    return axes
