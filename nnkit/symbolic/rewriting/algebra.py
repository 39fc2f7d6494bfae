"""Rules of algebra: what is not worth computing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit.symbolic.graph import Apply, Variable
from nnkit.symbolic.rewriting.match import Rules, beside, number, operands, operation
from nnkit.symbolic.tensor.elementwise import Cast, DimShuffle, Elemwise, Sum, elementwise
from nnkit.symbolic.tensor.indexing import IncSubtensor, Subtensor
from nnkit.symbolic.tensor.nnet import LogSoftmax, Softmax
from nnkit.symbolic.tensor.shapes import Shape, Size

__all__ = ["Shapes", "algebra"]

# Beyond, rounding adds up.
_LARGEST_POWER = 16


class Shapes:
    """Which variables are of one shape, as elementwise operations and some others tell."""

    def __init__(self) -> None:
        self._parents: dict[int, Variable] = {}
        self._places: dict[int, int] = {}

    def learn(self, order: Sequence[Apply]) -> None:
        """Look at the operations of a graph."""
        self._parents = {}
        self._places = {id(v): i for i, node in enumerate(order, 1) for v in node.outputs}
        for node in order:
            out = node.outputs[0]
            for v in _alike(node):
                if v.type.broadcastable == out.type.broadcastable:
                    self._join(self.root(out), self.root(v))

    def _join(self, a: Variable, b: Variable) -> None:
        """Let the one that is known first stand for both; it depends on no other."""
        if self._places.get(id(a), 0) < self._places.get(id(b), 0):
            a, b = b, a
        if a is not b:
            self._parents[id(a)] = b

    def root(self, variable: Variable) -> Variable:
        """The variable that stands for all of its shape."""
        while id(variable) in self._parents:
            variable = self._parents[id(variable)]
        return variable

    def source(self, variable: Variable) -> Variable | None:
        """What a variable has its shape from; None if that is nothing but itself."""
        node, ones = variable.owner, variable.type.broadcastable
        if node is None or all(v.type.broadcastable != ones for v in _alike(node)):
            return None
        found = self.root(variable)
        return None if found is variable else found

    def same(self, a: Variable, b: Variable) -> bool:
        """Whether two variables are known to be of one shape."""
        if a.type.broadcastable != b.type.broadcastable:
            return False
        return all(a.type.broadcastable) or self.root(a) is self.root(b)


def _alike(node: Apply) -> list[Variable]:
    """Inputs whose shape is that of the output, if they have the same axes of size 1."""
    if isinstance(node.op, (Elemwise, Cast)):
        return node.inputs
    if isinstance(node.op, (Softmax, LogSoftmax, IncSubtensor)):
        return node.inputs[:1]
    if isinstance(node.op, Subtensor) and node.outputs[0].type.ndim == 1:
        return [v for v in node.inputs[1:] if v.type.dtype != "bool"]  # Elements x[i, j].
    return []


def algebra(shapes: Shapes) -> Rules:
    """The rules, where shapes are known from the graph."""

    def _second(node: Apply) -> Variable | None:
        """``second(x, y)`` is y if that has the shape of x; all that matters of x is its shape."""
        x, y = node.inputs
        if shapes.same(x, y):
            return y
        inner = operands(y, "second")
        if inner is not None and shapes.same(x, inner[0]):
            return y
        source = shapes.source(x)
        return None if source is None else elementwise("second", source, y)

    def _broadcast(node: Apply) -> Variable | None:
        """An operand needn't be spread to the shape that another has."""
        for i, v in enumerate(node.inputs):
            spread = operands(v, "second")
            if spread is None:
                continue
            others = [w for j, w in enumerate(node.inputs) if j != i]
            if any(w is not v and shapes.same(spread[0], w) for w in others):
                inputs = list(node.inputs)
                inputs[i] = spread[1]
                by: Variable = node.op(*inputs)
                return by
        return None

    def _spread(node: Apply) -> Variable | None:
        """What is computed of something spread and of numbers can be spread afterwards."""
        spread = [x for x in (operands(v, "second") for v in node.inputs) if x is not None]
        rest = [v for v in node.inputs if operands(v, "second") is None]
        if len(spread) != 1 or not all(all(v.type.broadcastable) for v in rest):
            return None
        shape, value = spread[0]
        if value.type.broadcastable == node.outputs[0].type.broadcastable:
            return None
        inputs = [v if operands(v, "second") is None else value for v in node.inputs]
        return elementwise("second", shape, node.op(*inputs))

    def _size(node: Apply) -> Variable | None:
        """Sizes are those of what is known before."""
        source = shapes.source(node.inputs[0])
        by: Variable | None = None if source is None else node.op(source)
        return by

    rules: Rules = {name: [*found, _broadcast, _spread] for name, found in _RULES.items()}
    for name in ("maximum", "minimum", "switch", "lt", "gt", "le", "ge", "eq", "neq"):
        rules.setdefault(name, []).append(_broadcast)
    return rules | _MOVES | {"second": [_second], Shape: [_size], Size: [_size]}


def _neutral(value: float, either: bool) -> Any:
    """A rule: an operation with this number changes nothing."""

    def _identity(node: Apply) -> Variable | None:
        if either:
            return beside(node.inputs, value)
        return node.inputs[0] if number(node.inputs[1]) == value else None

    return _identity


def _truth(value: bool) -> Any:
    """A rule: what is combined with this truth value stays as it is."""

    def _combined(node: Apply) -> Variable | None:
        is_bool = node.outputs[0].type.dtype == "bool"
        return beside(node.inputs, value) if is_bool else None

    return _combined


def _minus_one(node: Apply) -> Variable | None:
    """x * -1."""
    x, out = beside(node.inputs, -1), node.outputs[0]
    if x is None or x.type.broadcastable != out.type.broadcastable:
        return None
    by: Variable = elementwise("neg", Cast(out.type.dtype)(x))
    return by


def _minus(variable: Variable) -> Variable | None:
    """What a variable is the negative of; integers are left alone, because they may wrap."""
    x = operands(variable, "neg")
    return x[0] if x is not None and variable.type.dtype.startswith("float") else None


def _copied(node: Apply) -> Variable | None:
    """A copy is not needed: nothing is changed in place that is used elsewhere."""
    return node.inputs[0]


def _negated(node: Apply) -> Variable | None:
    """--x, and -(x - y)."""
    if (x := operands(node.inputs[0], "neg")) is not None:
        return x[0]
    if (x := operands(node.inputs[0], "sub")) is not None:
        return elementwise("sub", x[1], x[0])
    return None


def _plus_negative(node: Apply) -> Variable | None:
    """x + -y, -x + y, x - -y, and -x - y."""
    left, right = node.inputs
    plus = operands(node.outputs[0], "add") is not None
    if (y := _minus(right)) is not None:
        return elementwise("sub" if plus else "add", left, y)
    if (x := _minus(left)) is None:
        return None
    if plus:
        return elementwise("sub", right, x)
    return elementwise("neg", elementwise("add", x, right))


def _sign(node: Apply) -> Variable | None:
    """A sign moves out of a product or quotient."""
    for i, v in enumerate(node.inputs):
        if (x := _minus(v)) is not None:
            by: Variable = elementwise("neg", node.op(*node.inputs[:i], x, *node.inputs[i + 1 :]))
            return by
    return None


def _sign_first(node: Apply) -> Variable | None:
    """A sign moves out of a sum, and of a dimshuffle."""
    x = _minus(node.inputs[0])
    return None if x is None else elementwise("neg", node.op(x))


def _power(node: Apply) -> Variable | None:
    """Powers of small integers by multiplication, of 1/2 by a root."""
    x, dtype = node.inputs[0], node.outputs[0].type.dtype
    x = x if x.type.dtype == dtype else Cast(dtype)(x)
    exponent = number(node.inputs[1])
    if exponent == 0.5:
        return elementwise("sqrt", x)
    if exponent is None or not exponent.is_integer() or not 0 < abs(exponent) <= _LARGEST_POWER:
        return None
    if exponent > 0:
        return _product(x, int(exponent))
    floats = dtype.startswith("float")
    return elementwise("inv", _product(x, -int(exponent))) if floats else None


def _product(x: Variable, count: int) -> Variable:
    """x so many times, by squares: x^5 = (x^2)^2 x."""
    if count == 1:
        return x
    even: Variable = elementwise("sqr", _product(x, count // 2))
    return elementwise("mul", even, x) if count % 2 else even


def _root_of_square(node: Apply) -> Variable | None:
    """sqrt(sqr(x)) is abs(x), without overflow."""
    x = operands(node.inputs[0], "sqr")
    return None if x is None else elementwise("abs", x[0])


def _cast_again(node: Apply) -> Variable | None:
    """A cast to the same data type, or after one that has lost nothing."""
    x = node.inputs[0]
    dtype = node.outputs[0].type.dtype
    if x.type.dtype == dtype:
        return x
    inner = operation(x, Cast)
    if inner is not None and np.can_cast(inner.inputs[0].type.dtype, x.type.dtype):
        return Cast(dtype)(inner.inputs[0])
    return None


def _shuffle_again(node: Apply) -> Variable | None:
    """A dimshuffle that leaves the axes where they are, or comes after another."""
    x, op = node.inputs[0], node.op
    if not isinstance(op, DimShuffle):
        return None
    if op.pattern == tuple(range(x.type.ndim)):
        return x
    inner = operation(x, DimShuffle)
    if inner is None or not isinstance(inner.op, DimShuffle):
        return None
    pattern = tuple("x" if i == "x" else inner.op.pattern[i] for i in op.pattern)
    by: Variable = DimShuffle(pattern)(inner.inputs[0])
    return by


_RULES: Rules = {
    "add": [_neutral(0, either=True), _plus_negative],
    "sub": [_neutral(0, either=False), _plus_negative],
    "mul": [_neutral(1, either=True), _minus_one, _sign],
    "true_div": [_neutral(1, either=False), _sign],
    "neg": [_negated],
    "pow": [_power],
    "identity": [_copied],
    "sqrt": [_root_of_square],
    "and_": [_truth(True)],
    "or_": [_truth(False)],
}

_MOVES: Rules = {Cast: [_cast_again], DimShuffle: [_shuffle_again, _sign_first], Sum: [_sign_first]}
