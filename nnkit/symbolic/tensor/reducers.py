"""Operations over axes: extrema, products, truth of all or any, cumulative sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnkit.symbolic.graph import Variable
from nnkit.symbolic.op import Gradients, Op, Variables
from nnkit.symbolic.tensor.elementwise import Sum, reinserted
from nnkit.symbolic.tensor.formulas import eq
from nnkit.symbolic.tensor.math import switch
from nnkit.symbolic.tensor.variable import TensorType

__all__ = ["ArgExtremum", "Cumulative", "Reduction"]


@dataclass(frozen=True)
class _Kind:
    """A reduction: NumPy's function, and the gradient by x with y and g in the axes of x."""

    compute: Callable[..., Any]
    pullback: Callable[[Any, Any, Any, tuple[int, ...]], Any] | None = None


def _extremum_pullback(x: Any, y: Any, g: Any, axes: tuple[int, ...]) -> Any:
    return switch(eq(x, y), g, 0)  # All that are equal to it have the gradient, as in Theano.


def _prod_pullback(x: Any, y: Any, g: Any, axes: tuple[int, ...]) -> Any:
    """The product of the others, also where there are zeros among them."""
    zero = eq(x, 0)
    no_zeros = switch(zero, 1, x)
    product = Reduction("prod", axes)(no_zeros).dimshuffle(reinserted(axes, x.ndim))
    zeros = Sum(axes)(zero).dimshuffle(reinserted(axes, x.ndim))
    return switch(eq(zeros - zero, 0), g * product / no_zeros, 0)


_KINDS = {
    "max": _Kind(np.max, _extremum_pullback),
    "min": _Kind(np.min, _extremum_pullback),
    "prod": _Kind(np.prod, _prod_pullback),
    "all": _Kind(np.all),
    "any": _Kind(np.any),
}


@dataclass(frozen=True, repr=False)
class Reduction(Op):
    """The largest or smallest element, the product, or whether all or any are true.

    Parameters
    ----------
    name : {"max", "min", "prod", "all", "any"}
    axes : tuple of int
        From 0 on, ascending.
    """

    name: str
    axes: tuple[int, ...]

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """The axes that are left."""
        kept = [b for i, b in enumerate(inputs[0].type.broadcastable) if i not in self.axes]
        dtype = np.asarray(_KINDS[self.name].compute(np.zeros(1, inputs[0].type.dtype))).dtype
        return [TensorType(str(dtype), kept)]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """NumPy's function."""
        with np.errstate(all="ignore"):
            return np.asarray(_KINDS[self.name].compute(arrays[0], axis=self.axes))

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """The kind's own; there is none of truth values."""
        pullback = _KINDS[self.name].pullback
        if pullback is None:
            return [None]
        axes = reinserted(self.axes, inputs[0].type.ndim)
        y, g = outputs[0].dimshuffle(axes), cotangents[0].dimshuffle(axes)
        return [pullback(inputs[0], y, g, self.axes)]


@dataclass(frozen=True, repr=False)
class ArgExtremum(Op):
    """Where the largest or smallest element is, counted along some axes; the first of equal ones.

    Parameters
    ----------
    largest : bool
    axes : tuple of int
        From 0 on, ascending.
    """

    largest: bool
    axes: tuple[int, ...]

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """The axes that are left, int64."""
        kept = [b for i, b in enumerate(inputs[0].type.broadcastable) if i not in self.axes]
        return [TensorType("int64", kept)]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """NumPy's function of the axes as one."""
        x = arrays[0]
        kept = [axis for axis in range(x.ndim) if axis not in self.axes]
        size = int(np.prod([x.shape[axis] for axis in self.axes], dtype=int))
        flat = x.transpose(*kept, *self.axes).reshape(*(x.shape[axis] for axis in kept), size)
        find = np.argmax if self.largest else np.argmin
        return np.asarray(find(flat, axis=-1), np.int64)

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """None: it jumps."""
        return [None]


_CUMULATIVE: dict[str, Callable[..., Any]] = {"sum": np.cumsum, "prod": np.cumprod}


@dataclass(frozen=True, repr=False)
class Cumulative(Op):
    """Sums or products of all elements up to each along an axis, or from each on.

    Parameters
    ----------
    name : {"sum", "prod"}
    axis : int
    backwards : bool
    """

    name: str
    axis: int
    backwards: bool = False

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """The same axes."""
        dtype = np.sum(np.zeros(1, inputs[0].type.dtype)).dtype
        return [inputs[0].type.with_dtype(str(dtype))]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """NumPy's function."""
        turn = np.flip if self.backwards else lambda x, axis: x
        forwards = _CUMULATIVE[self.name](turn(arrays[0], self.axis), self.axis)
        return np.asarray(turn(forwards, self.axis))

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """An element is in all sums from its place on, and in the products."""
        (x,), g = inputs, cotangents[0]
        back = Cumulative("sum", self.axis, not self.backwards)
        if self.name == "sum":
            return [back(g)]
        # Without the first zero the products go on; from the second one on they are 0 anyway.
        zero = eq(x, 0)
        first = switch(zero, eq(Cumulative("sum", self.axis, self.backwards)(zero), 1), zero)
        others = Cumulative("prod", self.axis, self.backwards)(switch(first, 1, x))
        by_zero = switch(first, back(g * others), 0)
        return [switch(zero, by_zero, back(g * outputs[0]) / switch(zero, 1, x))]
