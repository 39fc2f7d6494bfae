"""Joining, splitting and repeating of tensors: ``T.concatenate([x, y])``, ``T.tile(x, 3)``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnkit.symbolic.graph import Variable, describe
from nnkit.symbolic.op import Gradients, Op, Variables
from nnkit.symbolic.tensor.axes import expand_dims
from nnkit.symbolic.tensor.elementwise import Cast
from nnkit.symbolic.tensor.indexing import subtensor
from nnkit.symbolic.tensor.making import alloc, arange
from nnkit.symbolic.tensor.scalars import same
from nnkit.symbolic.tensor.shapes import (
    axis_numbers,
    get_vector_length,
    integer,
    normal_axis,
    patternbroadcast,
    reshape,
    shape,
    size_of,
    sizes,
)
from nnkit.symbolic.tensor.variable import TensorType, as_tensor

__all__ = [
    "Join",
    "RepeatedPlaces",
    "concatenate",
    "flip",
    "horizontal_stack",
    "join",
    "repeat",
    "roll",
    "split",
    "stack",
    "stacklists",
    "tile",
    "vertical_stack",
]


@dataclass(frozen=True, repr=False)
class Join(Op):
    """Tensors one after the other along an axis that they have.

    Parameters
    ----------
    axis : int
        From 0 on.
    """

    axis: int

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """The common data type; an axis is of size 1 if it is of any."""
        ndim = inputs[0].type.ndim
        for x in inputs:
            if x.type.ndim != ndim:
                raise TypeError(
                    f"tensors to be joined have as many axes, got {describe(inputs[0])} and "
                    f"{describe(x)}"
                )
        ones = [any(axis) for axis in zip(*(x.type.broadcastable for x in inputs), strict=True)]
        ones[self.axis] = len(inputs) == 1 and ones[self.axis]
        return [TensorType(same(*(x.type.dtype for x in inputs)), ones)]

    def vector_length(self, *inputs: Any) -> int | None:
        """The sum of the parts'."""
        return sum(map(get_vector_length, inputs))

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """NumPy's concatenate."""
        return np.concatenate(arrays, axis=self.axis)

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """To each its part."""
        parts = _parts(cotangents[0], [size_of(x, self.axis) for x in inputs], self.axis)
        return [
            patternbroadcast(Cast(x.type.dtype)(part), x.type.broadcastable)
            if x.type.dtype.startswith("float")
            else None
            for x, part in zip(inputs, parts, strict=True)
        ]


class RepeatedPlaces(Op):
    """Each index of a vector as often as its element says: [2, 0, 1] gives [0, 0, 2]."""

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """Integers."""
        x = inputs[0]
        if x.type.ndim != 1 or np.dtype(x.type.dtype).kind not in "iu":
            raise TypeError(f"repeats are an integer or a vector of them, got {describe(x)}")
        return [TensorType("int64", [False])]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """NumPy's repeat."""
        return np.repeat(np.arange(len(arrays[0])), arrays[0])


def join(axis: int, *tensors: Any) -> Any:
    """Tensors one after the other along an axis that they have.

    Parameters
    ----------
    axis : int
    *tensors : tensor
        All of the same shape but for this axis.
    """
    variables = [as_tensor(x) for x in tensors]
    if not variables:
        raise ValueError("there is nothing to join")
    if variables[0].type.ndim == 0:
        raise TypeError(f"scalars can't be joined, got {describe(variables[0])}; use stack")
    return Join(normal_axis(axis, variables[0].type.ndim))(*variables)


def concatenate(tensor_list: Sequence[Any], axis: int = 0) -> Any:
    """Tensors one after the other along an axis that they have.

    Parameters
    ----------
    tensor_list : sequence of tensor
        All of the same shape but for this axis.
    axis : int

    Raises
    ------
    TypeError, ValueError
        No tensors, or not of as many axes.

    Examples
    --------
    >>> import nnkit.symbolic.tensor as T
    >>> x = T.dvector("x")
    >>> T.concatenate([x, x * 2]).eval({x: [1, 2]})
    array([1., 2., 2., 4.])
    """
    if not isinstance(tensor_list, (list, tuple)):
        raise TypeError(f"concatenate takes a list of tensors, got {tensor_list!r}")
    return join(axis, *tensor_list)


def stack(*tensors: Any, axis: int = 0) -> Any:
    """Join tensors of one shape along a new axis: ``stack([x, y], axis=0)``.

    Parameters
    ----------
    *tensors : sequence of tensor
        Or the tensors themselves.
    axis : int
        Where the new axis is in the result.
    """
    if tensors and isinstance(tensors[0], (list, tuple)):
        axis = tensors[1] if len(tensors) > 1 else axis
        tensors = tuple(tensors[0])
    return join(axis, *(expand_dims(x, axis) for x in tensors))


def stacklists(arg: Any) -> Any:
    """Make a tensor from nested lists of tensors or numbers."""
    if isinstance(arg, (list, tuple)):
        return stack([stacklists(part) for part in arg])
    return as_tensor(arg)


def horizontal_stack(*matrices: Any) -> Any:
    """Join matrices horizontally."""
    return _stacked(1, matrices)


def vertical_stack(*matrices: Any) -> Any:
    """Join matrices vertically."""
    return _stacked(0, matrices)


def _stacked(axis: int, matrices: Sequence[Any]) -> Any:
    for x in matrices:
        if as_tensor(x).type.ndim != 2:
            raise TypeError(f"matrices are expected, got {describe(as_tensor(x))}")
    return join(axis, *matrices)


def split(x: Any, splits_size: Any, n_splits: int | None = None, axis: int = 0) -> list[Any]:
    """Split x into parts of these sizes along an axis.

    Parameters
    ----------
    x : tensor
    splits_size : sequence of int or symbolic integers, or vector
    n_splits : int, optional
        How many; needed for a vector of which that can't be told.
    axis : int

    Returns
    -------
    list of tensor
    """
    x = as_tensor(x)
    parts = sizes(splits_size, n_splits)
    if n_splits is not None and n_splits != len(parts):
        raise ValueError(f"split: {len(parts)} sizes were given for {n_splits} parts")
    return _parts(x, parts, normal_axis(axis, x.type.ndim))


def _parts(x: Any, sizes: Sequence[Any], axis: int) -> list[Any]:
    parts = []
    start: Any = 0
    for n in sizes:
        parts.append(subtensor(x, (*[slice(None)] * axis, slice(start, start + n))))
        start = start + n
    return parts


def tile(x: Any, reps: Any, ndim: int | None = None) -> Any:
    """Repeat x as a whole along each axis, as NumPy's ``tile``.

    Parameters
    ----------
    x : tensor
    reps : int, symbolic integer, or sequence of them
        The last is for the last axis.
    ndim : int, optional
        Number of axes of the result, at least.
    """
    x = as_tensor(x)
    times = sizes(reps)
    ndim = max(ndim or 0, len(times), x.type.ndim)
    x = as_tensor(x, ndim=ndim)
    times = [integer(1)] * (ndim - len(times)) + times
    return _spread(x, times, range(0, 2 * ndim, 2))


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Repeat each element of x along an axis.

    Parameters
    ----------
    x : tensor
    repeats : int, scalar, or vector with a number for each element along the axis
    axis : int, optional
        By default the flattened tensor.
    """
    x = as_tensor(x) if axis is not None else as_tensor(x).flatten()
    axis = normal_axis(axis or 0, x.type.ndim)
    repeats = as_tensor(repeats)
    if repeats.type.ndim:
        return subtensor(x, (*[slice(None)] * axis, RepeatedPlaces()(repeats)))
    times = [integer(repeats if i == axis else 1) for i in range(x.type.ndim)]
    return _spread(x, times, range(1, 2 * x.type.ndim, 2))


def _spread(x: Any, times: Sequence[Any], new: Sequence[int]) -> Any:
    """Each axis so many times, by a new axis before or behind it that becomes part of it."""
    own = sizes(shape(x))
    ndim = len(own)
    wide: list[Any] = [None] * (2 * ndim)
    for i in range(ndim):
        wide[new[i]], wide[new[i] ^ 1] = times[i], own[i]
    return reshape(
        alloc(expand_dims(x, new), wide), [n * r for n, r in zip(own, times, strict=True)]
    )


def roll(x: Any, shift: Any, axis: int | None = None) -> Any:
    """Shift elements along an axis, those beyond the end to the beginning.

    Parameters
    ----------
    x : tensor
    shift : int or scalar
    axis : int, optional
        By default the flattened tensor is rolled.
    """
    x = as_tensor(x)
    if axis is None:
        return roll(x.flatten(), shift, 0).reshape(shape(x), x.type.ndim)
    axis = normal_axis(axis, x.type.ndim)
    n = size_of(x, axis)
    places = (arange(n) - integer(shift, "shift")) % n
    return subtensor(x, (*[slice(None)] * axis, places))


def flip(x: Any, axis: Any = None) -> Any:
    """Reverse x along some axes, by default all."""
    x = as_tensor(x)
    axes = range(x.type.ndim) if axis is None else axis_numbers(axis)
    flipped = {normal_axis(a, x.type.ndim) for a in axes}
    back = slice(None, None, -1)
    return subtensor(x, tuple(back if i in flipped else slice(None) for i in range(x.type.ndim)))
