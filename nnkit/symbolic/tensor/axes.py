"""Functions that permute, add and remove axes: ``T.swapaxes(x, 0, 1)`` and so on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnkit.symbolic.graph import describe
from nnkit.symbolic.tensor.shapes import axis_numbers, dimshuffle, normal_axis, patternbroadcast
from nnkit.symbolic.tensor.variable import as_tensor

__all__ = [
    "addbroadcast",
    "expand_dims",
    "moveaxis",
    "rollaxis",
    "shape_padaxis",
    "shape_padleft",
    "shape_padright",
    "squeeze",
    "swapaxes",
    "transpose",
    "unbroadcast",
]


def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    """x with permuted axes, by default in reverse order."""
    x = as_tensor(x)
    axes = range(x.type.ndim)[::-1] if axes is None else axes
    if len(axes) != x.type.ndim:
        raise ValueError(f"transpose: {describe(x)} has {x.type.ndim} axes, got {tuple(axes)}")
    return dimshuffle(x, *axes)


def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged."""
    x = as_tensor(x)
    order = list(range(x.type.ndim))
    a, b = normal_axis(axis1, x.type.ndim), normal_axis(axis2, x.type.ndim)
    order[a], order[b] = order[b], order[a]
    return dimshuffle(x, *order)


def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """x with axes moved to other positions; the remaining axes keep their order."""
    x = as_tensor(x)
    n = x.type.ndim
    pairs = zip(axis_numbers(destination), axis_numbers(source), strict=True)
    moves = {normal_axis(to, n): normal_axis(frm, n) for to, frm in pairs}
    rest = iter([axis for axis in range(n) if axis not in moves.values()])
    return dimshuffle(x, *(moves[to] if to in moves else next(rest) for to in range(n)))


def rollaxis(x: Any, axis: int, start: int = 0) -> Any:
    """x with an axis moved in front of another one."""
    x = as_tensor(x)
    axis = normal_axis(axis, x.type.ndim)
    start = start + x.type.ndim if start < 0 else start
    return moveaxis(x, axis, start - 1 if axis < start else start)


def expand_dims(x: Any, axis: Any) -> Any:
    """x with new axes of size 1, at these positions of the result."""
    x = as_tensor(x)
    new = axis_numbers(axis)
    ndim = x.type.ndim + len(new)
    places = {normal_axis(a, ndim) for a in new}
    old = iter(range(x.type.ndim))
    return dimshuffle(x, *("x" if i in places else next(old) for i in range(ndim)))


def shape_padleft(x: Any, n_ones: int = 1) -> Any:
    """x with ``n_ones`` new axes of size 1 in front."""
    return expand_dims(x, range(n_ones))


def shape_padright(x: Any, n_ones: int = 1) -> Any:
    """x with ``n_ones`` new axes of size 1 behind."""
    return expand_dims(x, range(-n_ones, 0))


def shape_padaxis(x: Any, axis: int) -> Any:
    """x with a new axis of size 1."""
    return expand_dims(x, axis)


def squeeze(x: Any, axis: Any = None) -> Any:
    """x without axes of size 1, by default without all whose size is known to be 1."""
    x = as_tensor(x)
    ones = x.type.broadcastable
    if axis is not None:
        gone = {normal_axis(a, x.type.ndim) for a in axis_numbers(axis)}
        x = patternbroadcast(x, [one or i in gone for i, one in enumerate(ones)])
    else:
        gone = {i for i, one in enumerate(ones) if one}
    return dimshuffle(x, *(i for i in range(x.type.ndim) if i not in gone))


def addbroadcast(x: Any, *axes: int) -> Any:
    """x with these axes declared to be of size 1, so that they broadcast."""
    return _with_axes(x, axes, True)


def unbroadcast(x: Any, *axes: int) -> Any:
    """x with these axes declared to be of any size, so that they don't broadcast."""
    return _with_axes(x, axes, False)


def _with_axes(x: Any, axes: Sequence[int], one: bool) -> Any:
    x = as_tensor(x)
    changed = {normal_axis(a, x.type.ndim) for a in axes}
    ones = x.type.broadcastable
    return patternbroadcast(x, [one if i in changed else o for i, o in enumerate(ones)])
