"""What rules ask about variables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nnkit.symbolic.graph import Apply, Variable
from nnkit.symbolic.op import Op
from nnkit.symbolic.tensor.elementwise import Cast, DimShuffle, Elemwise
from nnkit.symbolic.tensor.variable import Constant

__all__ = [
    "Rule",
    "Rules",
    "alike",
    "beside",
    "constant_like",
    "kind",
    "number",
    "operands",
    "operation",
]

Rule = Callable[[Apply], Variable | None]
Rules = dict[Any, list[Rule]]


def kind(node: Apply) -> Any:
    """What rules are listed by: the name of a function of numbers, or the operation's class."""
    return node.op.scalar.name if isinstance(node.op, Elemwise) else type(node.op)


def alike(a: Variable, b: Variable) -> bool:
    """Whether two variables are the same, or made by equal operations of the same ones."""
    met: set[tuple[int, int]] = set()
    pairs = [(a, b)]
    while pairs:
        a, b = pairs.pop()
        if a is b or (id(a), id(b)) in met:
            continue
        met.add((id(a), id(b)))
        if isinstance(a, Constant) and isinstance(b, Constant):
            if a.type != b.type or not np.array_equal(a.data, b.data):
                return False
            continue
        one, other = a.owner, b.owner
        if one is None or other is None or a.index != b.index:
            return False
        if (one.op, len(one.inputs)) != (other.op, len(other.inputs)):
            return False
        pairs += zip(one.inputs, other.inputs, strict=True)
    return True


def operands(variable: Variable, name: str) -> list[Variable] | None:
    """The inputs of what made the variable, if that is this function of numbers."""
    node = variable.owner
    if node is None or not isinstance(node.op, Elemwise) or node.op.scalar.name != name:
        return None
    return node.inputs


def operation(variable: Variable, classes: type[Op] | tuple[type[Op], ...]) -> Apply | None:
    """What made the variable, if it is of one of these classes."""
    node = variable.owner
    return node if node is not None and isinstance(node.op, classes) else None


def number(variable: Variable) -> float | None:
    """The value of a constant of one element, whatever its axes and data type."""
    if (node := operation(variable, (DimShuffle, Cast))) is not None:
        value = number(node.inputs[0])
        cast = value is not None and isinstance(node.op, Cast)
        return float(np.asarray(value).astype(variable.type.dtype)) if cast else value
    if isinstance(variable, Constant) and variable.data.size == 1:
        return float(variable.data.item())
    return None


def beside(inputs: Sequence[Variable], value: float) -> Variable | None:
    """The other one of two inputs, if one is this number."""
    for one, other in (inputs, inputs[::-1]):
        if number(one) == value:
            return other
    return None


def constant_like(data: np.ndarray, like: Variable) -> Constant:
    """A constant of exactly the type of a variable, also where its axes happen to be 1."""
    made = Constant(np.asarray(data), like.name)
    made.type, made.line = like.type, like.line
    return made
