"""What the formulas of several losses have in common."""

from __future__ import annotations

import math
from typing import Any

from nnkit import checks

__all__ = ["EPSILON", "axes", "over_rows", "signs", "unit", "values_along"]

EPSILON = 1e-7  # Numbers are kept so far from 0, as in Keras.


def signs(y_true: Any) -> Any:
    """Targets of a hinge loss: -1 and 1 for 0 and 1; others, and parts of others, as they are."""
    from nnkit import ops

    known = ops.logical_or(ops.equal(y_true, 0.0), ops.equal(y_true, 1.0))
    binary = ops.min(ops.cast(known, y_true.dtype))
    return y_true + binary * (y_true - 1.0)


def unit(x: Any, axis: int) -> Any:
    """Vectors along an axis, divided by their lengths."""
    from nnkit import ops

    squares = ops.sum(ops.square(x), axis=axis, keepdims=True)
    return x / ops.sqrt(ops.maximum(squares, EPSILON**2))


def axes(owner: str, axis: Any) -> int | tuple[int, ...] | None:
    """Check the axes of a sum: an integer, several, or None for all.

    Raises
    ------
    TypeError, ValueError
    """
    if axis is None or not isinstance(axis, (tuple, list)):
        return None if axis is None else checks.integer(owner, "axis", axis, -8, 8)
    return tuple([checks.integer(owner, "axis", one, -8, 8) for one in axis])


def over_rows(values: Any, y_pred: Any, axis: int | tuple[int, ...] | None) -> Any:
    """Values left by sums over axes, as one for the batch, or one for each row of predictions.

    Where sums left several values of a sample, they are averaged, unless each belongs to a row.
    """
    from nnkit import ops

    rank = y_pred.ndim
    summed = _summed(axis, rank)
    if 0 in summed:
        return ops.mean(values)
    if summed == {rank - 1}:
        return values
    while values.ndim > 1:
        values = ops.mean(values, axis=-1)
    rows = ops.sum(ops.zeros_like(y_pred), axis=-1)
    return rows + ops.reshape(values, (-1, *[1] * (rank - 2)))


def values_along(axis: int | tuple[int, ...] | None, shape: tuple[int, ...]) -> int:
    """How many different values :func:`over_rows` gives for predictions of a shape."""
    summed = _summed(axis, len(shape))
    if 0 in summed:
        return 1
    return math.prod(shape[:-1]) if summed == {len(shape) - 1} else shape[0]


def _summed(axis: int | tuple[int, ...] | None, rank: int) -> set[int]:
    """The axes over which a sum is taken, counted from 0."""
    if axis is None:
        return set(range(rank))
    given = (axis,) if isinstance(axis, int) else axis
    for one in given:
        if not -rank <= one < rank:
            raise ValueError(f"axis is {one}, but predictions have {rank} axes")
    return {one % rank for one in given}
