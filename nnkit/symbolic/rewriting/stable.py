"""Formulas that keep their value and gradient where the naive ones overflow or cancel.

They are put in place before a cost is differentiated, too: a gradient of the naive formula has
its own overflows, which are harder to recognise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnkit.symbolic.graph import Apply, Variable
from nnkit.symbolic.op import Gradients, Op, Variables
from nnkit.symbolic.rewriting.match import Rules, alike, beside, kind, number, operands, operation
from nnkit.symbolic.tensor.elementwise import Cast, DimShuffle, Sum, elementwise, reinserted
from nnkit.symbolic.tensor.indexing import Subtensor
from nnkit.symbolic.tensor.nnet import LogSoftmax, Softmax
from nnkit.symbolic.tensor.shapes import Rebroadcast, Reshape
from nnkit.symbolic.tensor.variable import TensorType, constant

__all__ = ["MOVES", "STABLE", "LogSumExp"]

# Operations whose result is some elements of their first input.
MOVES = (DimShuffle, Rebroadcast, Reshape, Subtensor)


@dataclass(frozen=True, repr=False)
class LogSumExp(Op):
    """log(sum(exp(x))) over some axes, without overflow.

    Parameters
    ----------
    axes : tuple of int
        From 0 on, ascending.
    """

    axes: tuple[int, ...]

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """Those of the sum."""
        return Sum(self.axes).types(*inputs)

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """The largest element, and the logarithm of the sum relative to it."""
        x = arrays[0]
        top = x.max(self.axes, keepdims=True, initial=-np.inf)
        finite = np.where(np.isfinite(top), top, 0).astype(x.dtype)
        with np.errstate(all="ignore"):
            return np.log(np.exp(x - finite).sum(self.axes)) + np.squeeze(finite, self.axes)

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """g exp(x - y): g times the softmax."""
        x: Any = inputs[0]
        back = reinserted(self.axes, x.ndim)
        y, g = (v.dimshuffle(back) for v in (outputs[0], cotangents[0]))
        return [g * elementwise("exp", x - y)]


def _log(node: Apply) -> Variable | None:
    """Logarithms of softmax, sigmoid, exp(x), 1 + exp(x), 1 + x, sum(exp(x))."""
    return _logarithm(node.inputs[0])


def _logarithm(v: Variable) -> Any:
    """The logarithm by a better formula than that of v, or None."""
    if (node := operation(v, Softmax)) is not None:
        return LogSoftmax()(node.inputs[0])
    if (node := operation(v, MOVES)) is not None:
        inner = _logarithm(node.inputs[0])
        return None if inner is None else node.op(inner, *node.inputs[1:])
    if (node := operation(v, Sum)) is not None:
        powers = operands(node.inputs[0], "exp")
        return None if powers is None else LogSumExp(node.op.axes)(powers[0])  # type: ignore[attr-defined]
    if (x := operands(v, "exp")) is not None:
        return _cast(x[0], v)
    if (x := operands(v, "sigmoid")) is not None:
        return -elementwise("softplus", _negative(x[0]))
    if (x := operands(v, "add")) is not None and (rest := beside(x, 1)) is not None:
        return _log1p_of(_cast(rest, v))
    if (x := operands(v, "sub")) is not None and number(x[0]) == 1:
        return _log1p_of(-_cast(x[1], v))
    return None


def _log1p(node: Apply) -> Variable | None:
    """log1p(exp(x)) and log1p(-sigmoid(x))."""
    better = _log1p_of(node.inputs[0])
    return better if operands(better, "log1p") is None else None


def _log1p_of(x: Any) -> Any:
    if (powers := operands(x, "exp")) is not None:
        return elementwise("softplus", powers[0])
    minus = operands(x, "neg")
    if minus is not None and (curve := operands(minus[0], "sigmoid")) is not None:
        return -elementwise("softplus", curve[0])
    return elementwise("log1p", x)


def _difference(node: Apply) -> Variable | None:
    """exp(x) - 1, 1 - exp(x), and 1 - sigmoid(x)."""
    left, right = node.inputs
    if number(right) == 1 and (x := operands(left, "exp")) is not None:
        return elementwise("expm1", _cast(x[0], node.outputs[0]))
    if number(left) != 1:
        return None
    if (x := operands(right, "exp")) is not None:
        return -elementwise("expm1", _cast(x[0], node.outputs[0]))
    if (x := operands(right, "sigmoid")) is not None:
        return elementwise("sigmoid", -_cast(x[0], node.outputs[0]))
    return None


def _exp_plus(node: Apply) -> Variable | None:
    """exp(x) + -1."""
    power = beside(node.inputs, -1)
    x = None if power is None else operands(power, "exp")
    return None if x is None else elementwise("expm1", _cast(x[0], node.outputs[0]))


def _quotient(node: Apply) -> Variable | None:
    """1 / (1 + exp(x)), exp(x) / (1 + exp(x)), and exp(x) / sum(exp(x))."""
    above, below = node.inputs if len(node.inputs) == 2 else (constant(1), node.inputs[0])
    terms = operands(below, "add")
    if terms is not None and (power := beside(terms, 1)) is not None:
        x = operands(power, "exp")
        if x is not None and number(above) == 1:
            return elementwise("sigmoid", _negative(x[0]))
        return elementwise("sigmoid", x[0]) if x is not None and alike(above, power) else None
    x = operands(above, "exp")
    spread = operation(below, DimShuffle)
    total = None if spread is None else operation(spread.inputs[0], Sum)
    if x is None or spread is None or total is None or not alike(total.inputs[0], above):
        return None
    axes = total.op.axes  # type: ignore[attr-defined]
    ndim = above.type.ndim
    if len(axes) != 1 or spread.op.pattern != tuple(reinserted(axes, ndim)):  # type: ignore[attr-defined]
        return None
    last = [i for i in range(ndim) if i not in axes] + list(axes)
    moved = DimShuffle(tuple(last))(x[0])
    return DimShuffle(tuple(last.index(i) for i in range(ndim)))(Softmax()(moved))


def _sink(node: Apply) -> Variable | None:
    """A switch between something and 0 moves through what multiplies or divides it.

    Then 0 is what was chosen, also beside what is infinite or nan.
    """
    for i, v in enumerate(node.inputs[:1] if kind(node) == "true_div" else node.inputs):
        if (choice := _choice(v)) is not None:
            inputs = [*node.inputs[:i], choice[1], *node.inputs[i + 1 :]]
            made = node.op(*inputs)
            return elementwise("switch", choice[0], *((made, 0) if choice[2] else (0, made)))
    return None


def _choice(v: Variable) -> tuple[Any, Any, bool] | None:
    """A condition and what is taken where it is true, or where it is false; elsewhere v is 0."""
    if (node := operation(v, (Cast, DimShuffle))) is not None:
        inner = _choice(node.inputs[0])
        if inner is None:
            return None
        condition = node.op(inner[0]) if isinstance(node.op, DimShuffle) else inner[0]
        return condition, node.op(inner[1]), inner[2]
    x = operands(v, "switch")
    if x is None or not (_is_zero(x[1]) or _is_zero(x[2])):
        return None
    return (x[0], x[1], True) if _is_zero(x[2]) else (x[0], x[2], False)


def _is_zero(v: Variable) -> bool:
    """Whether it is written as 0, or as 0 times something."""
    factors = operands(v, "mul")
    return number(v) == 0 or (factors is not None and beside(factors, 0) is not None)


def _cast(x: Variable, like: Variable) -> Any:
    return x if x.type.dtype == like.type.dtype else Cast(like.type.dtype)(x)


def _negative(x: Any) -> Any:
    """-x, and x for -x."""
    minus = operands(x, "neg")
    return -x if minus is None else minus[0]


STABLE: Rules = {
    "log": [_log],
    "log1p": [_log1p],
    "add": [_exp_plus],
    "sub": [_difference],
    "mul": [_sink],
    "true_div": [_quotient, _sink],
    "inv": [_quotient],
}
