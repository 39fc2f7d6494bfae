"""Shapes, joining, splitting and repeating."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnkit.conversion import to_numpy
from nnkit.layers.nodes import Placeholder, operate
from nnkit.ops.naming import Axis, Expression
from nnkit.symbolic import tensor as T

__all__ = [
    "concatenate",
    "expand_dims",
    "moveaxis",
    "ndim",
    "ravel",
    "repeat",
    "reshape",
    "shape",
    "split",
    "squeeze",
    "stack",
    "swapaxes",
    "take",
    "tile",
    "transpose",
]


def shape(x: Expression) -> tuple[Expression, ...]:
    """The sizes of the axes."""
    if isinstance(x, Placeholder):
        return tuple(operate("axis_size", x, i) if n is None else n for i, n in enumerate(x.shape))
    sizes = T.shape(x)
    return tuple(sizes[i] for i in range(ndim(x)))


def ndim(x: Expression) -> int:
    """The number of axes."""
    return x.ndim if isinstance(x, Placeholder) else int(T.as_tensor(x).ndim)


def reshape(x: Expression, newshape: Sequence[Any] | int) -> Expression:
    """x with another shape; one size may be -1 and is then computed from the others."""
    return T.reshape(x, (newshape,) if isinstance(newshape, int) else tuple(newshape))


def transpose(x: Expression, axes: Sequence[int] | None = None) -> Expression:
    """x with permuted axes, by default in reverse order."""
    return T.transpose(x, axes)


def swapaxes(x: Expression, axis1: int, axis2: int) -> Expression:
    """x with two axes exchanged."""
    return T.swapaxes(x, axis1, axis2)


def moveaxis(x: Expression, source: Any, destination: Any) -> Expression:
    """x with axes moved to other positions; the remaining axes keep their order."""
    return T.moveaxis(x, source, destination)


def expand_dims(x: Expression, axis: int | Sequence[int]) -> Expression:
    """x with a new axis of size 1, or several."""
    return T.expand_dims(x, axis)


def squeeze(x: Expression, axis: Axis = None) -> Expression:
    """x without axes of size 1, by default without all whose size is known to be 1."""
    return T.squeeze(x, axis)


def ravel(x: Expression) -> Expression:
    """x as a vector."""
    return T.flatten(x, 1)


def concatenate(xs: Sequence[Expression], axis: int = 0) -> Expression:
    """Join expressions along an axis."""
    return T.concatenate(_listed(xs), axis=axis)


def stack(x: Sequence[Expression], axis: int = 0) -> Expression:
    """Join expressions along a new axis."""
    return T.stack(_listed(x), axis=axis)


def _listed(xs: Any) -> list[Any]:
    return list(xs) if isinstance(xs, (list, tuple)) else list(to_numpy(xs, "xs"))


def split(
    x: Expression, indices_or_sections: int | Sequence[int], axis: int = 0
) -> list[Expression]:
    """Split x along an axis, into a number of equal parts or at indices."""
    x = T.as_tensor(x)
    if isinstance(indices_or_sections, int):
        size = x.shape[axis] // indices_or_sections
        ends = [size * i for i in range(1, indices_or_sections)]
    else:
        ends = list(indices_or_sections)
    before = (slice(None),) * (axis % x.ndim)
    pairs = zip([None, *ends], [*ends, None], strict=True)
    return [x[(*before, slice(start, end))] for start, end in pairs]


def tile(x: Expression, repeats: int | Sequence[int]) -> Expression:
    """Repeat x as a whole along each axis."""
    return T.tile(x, repeats)


def repeat(x: Expression, repeats: Any, axis: int | None = None) -> Expression:
    """Repeat each element of x."""
    return T.repeat(x, repeats, axis)


def take(x: Expression, indices: Expression, axis: int | None = None) -> Expression:
    """The elements of x at indices of an axis."""
    return T.take(x, indices, axis)
