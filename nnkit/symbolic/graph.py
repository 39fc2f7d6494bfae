"""The four nouns of a symbolic program: Variable, Apply, Op, and the walk over them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

__all__ = [
    "Apply",
    "FunctionGraph",
    "Op",
    "Variable",
    "ancestors",
    "clone",
    "describe",
    "toposort",
]

_HERE = str(Path(__file__).parents[1])


class Variable:
    """A value that will be known later: an input, or what an operation makes of others.

    Parameters
    ----------
    type : TensorType
        Data type and number of axes.
    owner : Apply, optional
        What computes it; None for an input.
    index : int
        Which of the owner's outputs it is.
    name : str, optional

    Attributes
    ----------
    line : str
        Where in the user's program it was made: ``"train.py:12"``.
    """

    def __init__(
        self, type: Any, owner: Apply | None = None, index: int = 0, name: str | None = None
    ) -> None:
        if name is not None and not isinstance(name, str):
            raise TypeError(f"the name of a variable is a string, got {name!r}")
        self.type, self.owner, self.index, self.name = type, owner, index, name
        self.line = _line()

    @property
    def tag(self) -> SimpleNamespace:
        """Room for attributes of yours: ``x.tag.test_value``."""
        tag: SimpleNamespace = self.__dict__.setdefault("_tag", SimpleNamespace())
        return tag

    def __repr__(self) -> str:
        if self.name is not None:
            return self.name
        return f"<{self.type}>" if self.owner is None else f"{self.owner.op}.{self.index}"


class Apply:
    """One use of an operation: its inputs, and the variables that it makes."""

    def __init__(self, op: Op, inputs: Sequence[Variable], types: Sequence[Any]) -> None:
        self.op, self.inputs = op, list(inputs)
        self.outputs = [type.variable(self, i) for i, type in enumerate(types)]


class Op:
    """An operation on variables; what it computes, and its gradient.

    Two operations are equal if they are of one class and have equal ``props``: the same operation
    on the same inputs is done once.

    Attributes
    ----------
    props : tuple of str
        Names of the attributes that make one operation different from another of its class.
    """

    props: ClassVar[tuple[str, ...]] = ()

    def types(self, *inputs: Variable) -> Sequence[Any]:
        """Types of the outputs for these inputs.

        Raises
        ------
        TypeError, ValueError
            The inputs don't fit; the message names the variable.
        """
        raise TypeError(f"{type(self).__name__} must define types(self, *inputs)")

    def perform(self, *arrays: np.ndarray) -> Any:
        """The output for arrays, or a tuple of outputs."""
        raise TypeError(f"{type(self).__name__} must define perform(self, *arrays)")

    def pullback(
        self,
        inputs: Sequence[Variable],
        outputs: Sequence[Variable],
        cotangents: Sequence[Variable],
    ) -> Sequence[Variable | None]:
        """Gradients of a cost by the inputs, from those by the outputs; None where there is none.

        A gradient has the shape of its input. ``cotangents`` are never None.
        """
        raise TypeError(f"{self} has no gradient")

    def __call__(self, *inputs: Any, name: str | None = None) -> Any:
        """Apply it; gives the output, or a list of them."""
        from nnkit.symbolic.tensor.variable import as_tensor

        variables = [as_tensor(x) for x in inputs]
        outputs = Apply(self, variables, self.types(*variables)).outputs
        if name is not None:
            outputs[0].name = name
        return outputs[0] if len(outputs) == 1 else outputs

    def _key(self) -> tuple[Any, ...]:
        return (type(self), *(getattr(self, name) for name in self.props))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Op) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.props)
        return f"{type(self).__name__}{{{values}}}" if values else type(self).__name__


class FunctionGraph:
    """What a function computes after all rewrites: its ``maker.fgraph``.

    Attributes
    ----------
    inputs, outputs : list of Variable
        The outputs are the results, then the new values of shared variables.
    """

    def __init__(self, inputs: Sequence[Variable], outputs: Sequence[Variable]) -> None:
        self.inputs, self.outputs = list(inputs), list(outputs)

    @property
    def apply_nodes(self) -> set[Apply]:
        """The operations."""
        return set(self.toposort())

    def toposort(self) -> list[Apply]:
        """The operations, each after those that it needs."""
        return toposort(self.outputs)


def toposort(outputs: Iterable[Variable]) -> list[Apply]:
    """The operations behind some variables, each after those that it needs."""
    order: list[Apply] = []
    done: set[int] = set()
    stack = [v.owner for v in outputs if v.owner is not None]
    stack.reverse()
    while stack:
        node = stack[-1]
        if id(node) in done:
            stack.pop()
            continue
        waits = [v.owner for v in node.inputs if v.owner is not None and id(v.owner) not in done]
        if waits:
            stack.extend(reversed(waits))
        else:
            done.add(id(node))
            order.append(node)
            stack.pop()
    return order


def ancestors(outputs: Iterable[Variable]) -> list[Variable]:
    """The variables that some depend on, themselves included, inputs before what they are for."""
    outputs = list(outputs)
    found: dict[int, Variable] = {}
    for node in toposort(outputs):
        for variable in (*node.inputs, *node.outputs):
            found.setdefault(id(variable), variable)
    for variable in outputs:
        found.setdefault(id(variable), variable)
    return list(found.values())


def clone(
    outputs: Sequence[Variable],
    replace: Mapping[Variable, Variable] | None = None,
) -> list[Variable]:
    """The same graph with some variables replaced; what does not change is shared.

    Parameters
    ----------
    outputs : sequence of Variable
    replace : dict of Variable to Variable
        A replacement's own graph is not changed.
    """
    new: dict[int, Variable] = {id(old): by for old, by in (replace or {}).items()}
    for node in toposort(outputs):
        inputs = [new.get(id(v), v) for v in node.inputs]
        if all(a is b for a, b in zip(inputs, node.inputs, strict=True)):
            continue
        made = Apply(node.op, inputs, [v.type for v in node.outputs]).outputs
        for old, by in zip(node.outputs, made, strict=True):
            by.name, by.line = old.name, old.line
            new.setdefault(id(old), by)
    return [new.get(id(v), v) for v in outputs]


def describe(variable: Variable) -> str:
    """A variable in an error message: its name, or the line that made it."""
    if hasattr(variable, "data"):
        return f"{variable!r} ({variable.type})"  # A constant.
    kind = "variable" if variable.owner is None else f"result of {variable.owner.op}"
    if variable.name is not None:
        return f"{variable.name!r} ({variable.type}, made in {variable.line})"
    return f"the {kind} made in {variable.line} ({variable.type})"


def _line() -> str:
    """The nearest line outside nnkit."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
