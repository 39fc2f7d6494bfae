"""Variables, the uses of operations that make them, and the walk over both."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnkit.symbolic.op import Op
    from nnkit.symbolic.tensor.variable import SharedVariable

__all__ = [
    "Apply",
    "FunctionGraph",
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


class FunctionGraph:
    """What a function computes: what its ``maker.fgraph`` is after all rewrites.

    Parameters
    ----------
    inputs, outputs : sequence of Variable
        The outputs are the results, then the new values of shared variables.
    updated : sequence of SharedVariable
        Which ones.

    Attributes
    ----------
    inputs, outputs, results, updated : list of Variable
    """

    def __init__(
        self,
        inputs: Sequence[Variable],
        outputs: Sequence[Variable],
        updated: Sequence[SharedVariable] = (),
    ) -> None:
        self.inputs, self.outputs, self.updated = list(inputs), list(outputs), list(updated)
        self.results = self.outputs[: len(outputs) - len(updated)]

    @property
    def updates(self) -> list[tuple[SharedVariable, Variable]]:
        """Shared variables and what they become."""
        return list(zip(self.updated, self.outputs[len(self.results) :], strict=True))

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
