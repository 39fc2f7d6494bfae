"""Shapes of tensors, and reshaping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnkit.conversion import to_numpy
from nnkit.symbolic.graph import Variable, describe
from nnkit.symbolic.op import Gradients, Op, Variables
from nnkit.symbolic.tensor.elementwise import DimShuffle
from nnkit.symbolic.tensor.variable import Constant, TensorType, as_tensor, constant

__all__ = [
    "Rebroadcast",
    "Reshape",
    "Shape",
    "Size",
    "SpecifyShape",
    "dimshuffle",
    "flatten",
    "get_vector_length",
    "patternbroadcast",
    "ravel",
    "reshape",
    "shape",
    "specify_shape",
]


class Shape(Op):
    """The sizes of all axes, an int64 vector."""

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """A vector."""
        return [TensorType("int64", [inputs[0].type.ndim == 1])]

    def vector_length(self, *inputs: Any) -> int:
        """As many as there are axes."""
        return int(inputs[0].type.ndim)

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """NumPy's shape."""
        return np.array(arrays[0].shape, "int64")


@dataclass(frozen=True, repr=False)
class Size(Op):
    """The size of one axis, an int64 scalar: what ``x.shape[0]`` is.

    Parameters
    ----------
    axis : int
        From 0 on.
    """

    axis: int

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """A scalar."""
        return [TensorType("int64", ())]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """One number of NumPy's shape."""
        return np.array(arrays[0].shape[self.axis], "int64")


@dataclass(frozen=True, repr=False)
class Reshape(Op):
    """The same elements in another shape: the inputs are a tensor and the sizes of the new axes.

    Parameters
    ----------
    ones : tuple of bool
        For each new axis whether it is known to be of size 1.
    """

    ones: tuple[bool, ...]

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """As many axes as there are sizes."""
        return [TensorType(inputs[0].type.dtype, self.ones)]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """NumPy's reshape."""
        return arrays[0].reshape([int(n) for n in arrays[1:]])

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """The gradient in the shape of the input."""
        x = inputs[0]
        back = Reshape(x.type.broadcastable)(cotangents[0], *sizes(shape(x)))
        return [back, *[None] * (len(inputs) - 1)]


@dataclass(frozen=True, repr=False)
class Rebroadcast(Op):
    """The same tensor with other knowledge of which axes are of size 1.

    Parameters
    ----------
    ones : tuple of bool
        An axis that is True must be of size 1.
    """

    ones: tuple[bool, ...]

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """As many axes as before."""
        x = inputs[0]
        if len(self.ones) != x.type.ndim:
            raise ValueError(
                f"{describe(x)} has {x.type.ndim} axes, so not the pattern {self.ones}"
            )
        return [TensorType(x.type.dtype, self.ones)]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """The array, if it is as promised."""
        x = arrays[0]
        for axis, one in enumerate(self.ones):
            if one and x.shape[axis] != 1:
                raise ValueError(
                    f"axis {axis} was said to be of size 1, but the shape is {x.shape}"
                )
        return x

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """With the knowledge of before."""
        return [patternbroadcast(cotangents[0], inputs[0].type.broadcastable)]


@dataclass(frozen=True, repr=False)
class SpecifyShape(Op):
    """The same tensor, if it is of the promised shape: the inputs are a tensor and sizes.

    Parameters
    ----------
    ones : tuple of bool
        For each axis whether it is known to be of size 1.
    axes : tuple of int
        Those whose sizes are given.
    """

    ones: tuple[bool, ...]
    axes: tuple[int, ...]

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """The tensor's, with what is known now."""
        return [TensorType(inputs[0].type.dtype, self.ones)]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """The array, if it is as promised."""
        x, *given = arrays
        for axis, n in zip(self.axes, given, strict=True):
            if x.shape[axis] != n:
                raise ValueError(
                    f"axis {axis} was said to be of size {int(n)}, but the shape is {x.shape}"
                )
        return x

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """The gradient as it is."""
        back = patternbroadcast(cotangents[0], inputs[0].type.broadcastable)
        return [back, *[None] * len(self.axes)]


def shape(x: Any) -> Any:
    """The sizes of the axes, an int64 vector.

    Examples
    --------
    >>> import nnkit.symbolic.tensor as T
    >>> x = T.dmatrix("x")
    >>> x.shape.eval({x: [[1, 2, 3]]})
    array([1, 3])
    """
    return Shape()(x)


def size_of(x: Any, axis: int) -> Any:
    """The size of an axis, an int64 scalar."""
    x = as_tensor(x)
    return constant(1, dtype="int64") if x.type.broadcastable[axis] else Size(axis)(x)


def integer(value: Any, what: str = "a size") -> Any:
    """An integer scalar from a number or a variable.

    Raises
    ------
    TypeError
        It is none.
    """
    plain = isinstance(value, (int, np.integer))
    variable = constant(value, dtype="int64") if plain else as_tensor(value)
    if variable.type.ndim != 0 or np.dtype(variable.type.dtype).kind not in "iu":
        raise TypeError(f"{what} must be an integer, got {describe(variable)}")
    return variable


def get_vector_length(v: Any) -> int:
    """The number of elements of a vector, if it is known, as for a shape or a part of one.

    Raises
    ------
    ValueError
        It can't be told.
    """
    v = as_tensor(v)
    if v.type.ndim == 1 and isinstance(v, Constant):
        return len(v.data)
    if v.type.ndim == 1 and v.type.broadcastable[0]:
        return 1
    if v.type.ndim == 1 and v.owner is not None:
        length = v.owner.op.vector_length(*v.owner.inputs)
        if length is not None:
            return int(length)
    raise ValueError(
        f"a shape must have a known number of axes, but how many elements {describe(v)} has can't "
        "be told; give a tuple of sizes, or reshape's ndim"
    )


def sizes(shape: Any, ndim: int | None = None) -> list[Any]:
    """The sizes of a shape as integer scalars, from a number, a sequence or a vector."""
    if isinstance(shape, Variable) and shape.type.ndim == 1:
        if shape.owner is not None and isinstance(shape.owner.op, Shape):
            x = shape.owner.inputs[0]
            return [size_of(x, axis) for axis in range(x.type.ndim)]
        return [as_tensor(shape)[i] for i in range(ndim or get_vector_length(shape))]
    if isinstance(shape, Variable):
        return [integer(shape)]
    given = shape if isinstance(shape, (list, tuple)) else to_numpy(shape, "the shape").reshape(-1)
    return [integer(n) for n in given]


def known_ones(sizes: Sequence[Any]) -> tuple[bool, ...]:
    """Which of some sizes are known to be 1."""
    return tuple(isinstance(n, Constant) and int(n.data) == 1 for n in sizes)


def reshape(x: Any, newshape: Any, ndim: int | None = None) -> Any:
    """x with another shape.

    Parameters
    ----------
    x : tensor
    newshape : sequence of int or symbolic integers, or vector
        One entry may be -1: what is left.
    ndim : int, optional
        Number of axes, for a vector of which that can't be told.

    Raises
    ------
    TypeError, ValueError
        A size is no integer, or their number is unknown or not ``ndim``.

    Examples
    --------
    >>> import nnkit.symbolic.tensor as T
    >>> x = T.dvector("x")
    >>> x.reshape((2, -1)).eval({x: [1, 2, 3, 4]})
    array([[1., 2.],
           [3., 4.]])
    """
    new = sizes(newshape, ndim)
    if ndim is not None and ndim != len(new):
        raise ValueError(f"reshape: {len(new)} sizes were given for {ndim} axes")
    if sum(isinstance(n, Constant) and int(n.data) == -1 for n in new) > 1:
        raise ValueError("reshape: only one size may be -1")
    return Reshape(known_ones(new))(x, *new)


def flatten(x: Any, ndim: int = 1) -> Any:
    """x with ``ndim`` axes, of which the last one joins all remaining axes."""
    x = as_tensor(x)
    if not 1 <= ndim <= max(x.type.ndim, 1):
        raise ValueError(f"{describe(x)} has {x.type.ndim} axes; it can't be flattened to {ndim}")
    if x.type.ndim == ndim:
        return x
    all_sizes = sizes(shape(x))
    last: list[Any] = all_sizes[ndim - 1 :] if ndim > 1 else [constant(-1, dtype="int64")]
    # A -1 next to other sizes has no meaning if one of these is 0.
    product = last[0]
    for n in last[1:]:
        product = product * n
    ones = all(x.type.broadcastable[ndim - 1 :])
    return Reshape((*x.type.broadcastable[: ndim - 1], ones))(x, *all_sizes[: ndim - 1], product)


def ravel(x: Any) -> Any:
    """x as a vector."""
    return flatten(x, 1)


def specify_shape(x: Any, shape: Any, *more: Any) -> Any:
    """x, with a check of its shape whenever it is computed.

    Parameters
    ----------
    x : tensor
    shape : sequence of int, symbolic integer or None
        None for an axis of any size.
    *more : int, symbolic integer or None
        The sizes of further axes, if ``shape`` is the size of the first.

    Examples
    --------
    >>> import nnkit.symbolic.tensor as T
    >>> x = T.dmatrix("x")
    >>> T.specify_shape(x, (None, 1)).broadcastable
    (False, True)
    """
    x = as_tensor(x)
    plain = isinstance(shape, (list, tuple))
    given = list(shape) if plain else sizes(shape) if not more else [shape, *more]
    if len(given) != x.type.ndim:
        raise ValueError(f"{describe(x)} has {x.type.ndim} axes, so not the shape {tuple(given)}")
    axes = [axis for axis, n in enumerate(given) if n is not None]
    wanted = [integer(given[axis]) for axis in axes]
    ones = list(x.type.broadcastable)
    for axis, one in zip(axes, known_ones(wanted), strict=True):
        ones[axis] = ones[axis] or one
    return SpecifyShape(tuple(ones), tuple(axes))(x, *wanted)


def dimshuffle(x: Any, *pattern: Any) -> Any:
    """x with permuted axes; ``"x"`` adds an axis of size 1.

    Parameters
    ----------
    x : tensor
    *pattern : int or "x"
        For each axis of the result the axis of ``x``, or ``"x"`` for a new one of size 1. An axis
        that is left out must be known to be of size 1.
    """
    x = as_tensor(x)
    axes = tuple(
        axis if axis == "x" else axis + x.type.ndim if axis < 0 else int(axis) for axis in pattern
    )
    return x if axes == tuple(range(x.type.ndim)) else DimShuffle(axes)(x)


def normal_axis(axis: int, ndim: int) -> int:
    """An axis counted from 0 on.

    Raises
    ------
    ValueError
        There is no such axis.
    """
    if not -ndim <= axis < ndim:
        raise ValueError(f"there is no axis {axis} among {ndim}")
    return axis % ndim


def axis_numbers(axis: Any) -> list[int]:
    """Axes as given, an integer or several of them.

    Raises
    ------
    TypeError
        They are no integers.
    """
    given = to_numpy(axis.data if isinstance(axis, Constant) else axis, "axis").reshape(-1)
    if given.size and given.dtype.kind not in "iu":
        raise TypeError(f"axis is an integer or several of them, got {axis!r}")
    return [int(a) for a in given]


def patternbroadcast(x: Any, broadcastable: Sequence[bool]) -> Any:
    """x with axes declared to be of size 1 where ``broadcastable`` is True."""
    x = as_tensor(x)
    ones = tuple(bool(one) for one in broadcastable)
    return x if ones == x.type.broadcastable else Rebroadcast(ones)(x)
