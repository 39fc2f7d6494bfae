"""Operations that work element by element, and those that only move or add up axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from nnkit.symbolic.graph import Variable, describe
from nnkit.symbolic.op import Gradients, Op, Variables
from nnkit.symbolic.tensor.scalars import SCALARS, Scalar
from nnkit.symbolic.tensor.variable import Constant, TensorType, as_tensor

__all__ = ["Cast", "DimShuffle", "Elemwise", "Sum", "elementwise", "reinserted", "unbroadcast"]


@dataclass(frozen=True, repr=False)
class Elemwise(Op):
    """A function of numbers, for every element; axes of size 1 broadcast.

    Its gradient is the function's own, see :func:`nnkit.symbolic.derive.selection.pulled`.

    Parameters
    ----------
    scalar : Scalar
    """

    scalar: Scalar

    def __repr__(self) -> str:
        return self.scalar.name

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """All inputs have as many axes as the output."""
        dtype = self.scalar.result(*(v.type.dtype for v in inputs))
        axes = zip(*(v.type.broadcastable for v in inputs), strict=True)
        return [TensorType(dtype, [all(axis) for axis in axes])]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """NumPy's function."""
        dtype = _result(self.scalar, *[a.dtype for a in arrays])
        if dtype != "bool":  # NumPy would compute small integers in float16.
            arrays = tuple(a if a.dtype.kind == "f" else a.astype(dtype) for a in arrays)
        with np.errstate(all="ignore"):
            return np.asarray(self.scalar.compute(*arrays)).astype(dtype, copy=False)

    def check(self, inputs: Sequence[Variable], shapes: Sequence[tuple[int, ...]]) -> None:
        """See that nothing broadcasts that does not say so: its gradient would have another shape.

        Raises
        ------
        ValueError
        """
        if len(set(shapes)) == 1:
            return
        for axis, sizes in enumerate(zip(*shapes, strict=True)):
            pairs = zip(inputs, sizes, strict=True)
            full = [(x, n) for x, n in pairs if not x.type.broadcastable[axis]]
            for x, n in full[1:]:
                if n != full[0][1]:
                    raise ValueError(
                        f"{self}: axis {axis} of {describe(full[0][0])} is of size {full[0][1]}, "
                        f"that of {describe(x)} of size {n}; an axis of size 1 broadcasts only if "
                        "its variable is known to have it, as a row or by T.addbroadcast(x, axis)"
                    )


@cache
def _result(scalar: Scalar, *dtypes: np.dtype) -> str:
    return scalar.result(*map(str, dtypes))


def elementwise(name: str, *inputs: Any) -> Any:
    """Apply a function of the table; inputs with fewer axes get more in front."""
    variables = [as_tensor(x) for x in inputs]
    ndim = max(v.type.ndim for v in variables)
    return Elemwise(SCALARS[name])(*(_padded(v, ndim) for v in variables))


def _padded(x: Any, ndim: int) -> Any:
    """With so many axes; a constant stays one, so that it can be recognised."""
    if isinstance(x, Constant) and x.ndim < ndim:
        return Constant(x.data.reshape((1,) * (ndim - x.ndim) + x.data.shape), x.name)
    return as_tensor(x, ndim=ndim)


def unbroadcast(g: Any, x: Variable) -> Any:
    """A gradient added up over the axes that x was broadcast along, in x's data type."""
    axes = [
        i
        for i, (mine, its) in enumerate(zip(x.type.broadcastable, g.broadcastable, strict=True))
        if mine and not its
    ]
    if axes:
        g = Sum(tuple(axes))(g).dimshuffle(reinserted(axes, g.ndim))
    return g if g.dtype == x.type.dtype else Cast(x.type.dtype)(g)


def reinserted(axes: Sequence[int], ndim: int) -> list[Any]:
    """The dimshuffle pattern that brings summed axes back, of size 1."""
    kept = iter(range(ndim))
    return ["x" if i in axes else next(kept) for i in range(ndim)]


@dataclass(frozen=True, repr=False)
class Cast(Op):
    """The same numbers in another data type."""

    dtype: str

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """The same axes."""
        return [inputs[0].type.with_dtype(self.dtype)]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """NumPy's conversion."""
        with np.errstate(all="ignore"):
            return arrays[0].astype(self.dtype)

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """Cast back; there is none through integers."""
        floats = inputs[0].type.dtype.startswith("float") and self.dtype.startswith("float")
        return [Cast(inputs[0].type.dtype)(cotangents[0]) if floats else None]


@dataclass(frozen=True, repr=False)
class DimShuffle(Op):
    """Axes in another order, new ones of size 1, and ones of size 1 left out.

    Parameters
    ----------
    pattern : tuple
        For each axis of the output the input's, or ``"x"`` for a new one.
    """

    pattern: tuple[Any, ...]

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """An axis that is left out must be of size 1."""
        x = inputs[0]
        taken = [axis for axis in self.pattern if axis != "x"]
        if any(not 0 <= axis < x.type.ndim for axis in taken) or len(set(taken)) < len(taken):
            raise ValueError(f"dimshuffle: {describe(x)} has no axes {self.pattern}")
        for axis in range(x.type.ndim):
            if axis not in taken and not x.type.broadcastable[axis]:
                raise ValueError(
                    f"dimshuffle{self.pattern} leaves out axis {axis} of {describe(x)}, which is "
                    "not known to be of size 1"
                )
        ones = [axis == "x" or x.type.broadcastable[axis] for axis in self.pattern]
        return [TensorType(x.type.dtype, ones)]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """A view."""
        x = arrays[0]
        taken = [axis for axis in self.pattern if axis != "x"]
        dropped = [axis for axis in range(x.ndim) if axis not in taken]
        if any(x.shape[axis] != 1 for axis in dropped):
            raise ValueError(f"dimshuffle{self.pattern} of shape {x.shape} drops an axis")
        x = x.transpose(*taken, *dropped).reshape([x.shape[axis] for axis in taken])
        for i, axis in enumerate(self.pattern):
            if axis == "x":
                x = np.expand_dims(x, i)
        return x

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """The axes back where they were."""
        where = {axis: i for i, axis in enumerate(self.pattern)}
        back = [where.get(axis, "x") for axis in range(inputs[0].type.ndim)]
        return [DimShuffle(tuple(back))(cotangents[0])]


@dataclass(frozen=True, repr=False)
class Sum(Op):
    """The sum over some axes; of small integers in int64, as in NumPy.

    Parameters
    ----------
    axes : tuple of int
        From 0 on, ascending.
    """

    axes: tuple[int, ...]

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """The axes that are left."""
        kept = [b for i, b in enumerate(inputs[0].type.broadcastable) if i not in self.axes]
        dtype = np.sum(np.zeros(1, inputs[0].type.dtype)).dtype
        return [TensorType(str(dtype), kept)]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """NumPy's sum."""
        return np.asarray(np.sum(arrays[0], axis=self.axes))

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """The gradient, to each element that was added."""
        g = cotangents[0].dimshuffle(reinserted(self.axes, inputs[0].type.ndim))
        return [elementwise("second", inputs[0], g)]
