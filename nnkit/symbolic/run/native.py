"""Runs a graph natively: a recorded tape of kernels for each combination of shapes.

What a call does has three parts. Integers that only depend on arguments, such as the bounds of a
mini-batch, and the parts of arguments and shared variables that they cut out, are computed in
Python: they are views. With the shapes known, :class:`~nnkit.symbolic.run.lowering.Lowering` has
made a program of kernels of the rest. The arrays that it reads and writes lie where they lie: only
their addresses are put into the program.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nnkit.engine.cpu import CPU
from nnkit.engine.device import Device
from nnkit.engine.devices import current
from nnkit.engine.mirrors import exist, reading, writing
from nnkit.symbolic.graph import Apply, Variable
from nnkit.symbolic.run.evaluate import Evaluator, fixed_ids, measured, perform
from nnkit.symbolic.run.lowering import Lowering, ShapeError, UnsuitableError
from nnkit.symbolic.run.recorded import Replayed
from nnkit.symbolic.tensor.elementwise import Cast, Elemwise
from nnkit.symbolic.tensor.indexing import IncSubtensor, Subtensor
from nnkit.symbolic.tensor.variable import Constant, SharedVariable

__all__ = ["MOST_PROGRAMS", "Native"]

# A function that is called with ever new shapes is not worth more programs.
MOST_PROGRAMS = 32


class Native:
    """A graph, and the programs made of it so far.

    Parameters
    ----------
    evaluator : Evaluator
        What runs if there is no program, because shapes depend on values.
    elsewhere : callable
        Makes of an evaluator and a device what runs there.
    """

    def __init__(
        self, evaluator: Evaluator, elsewhere: Callable[[Evaluator, Any], Native] | None = None
    ) -> None:
        self._evaluator, self._make = evaluator, elsewhere
        self._elsewhere: dict[Device, Native] = {}
        graph = evaluator.graph
        self._programs: dict[Any, Any] = {}  # None where there is none.
        given = {id(v) for v in graph.inputs}
        self._fixed = fixed_ids(evaluator.nodes)
        self._first = _first(evaluator, given, self._fixed)
        first = {id(v) for node in self._first for v in node.outputs}
        self._rest = [
            node
            for node in evaluator.nodes
            if not any(id(v) in first or id(v) in self._fixed for v in node.outputs)
        ]
        external = self._external()
        inputs = graph.inputs
        self._shared = [v for v in external if isinstance(v, SharedVariable)]
        self._arguments = [at for at, v in enumerate(inputs) if any(v is e for e in external)]
        self._reads_all = len(self._arguments) == len(inputs)
        self._made = [v for v in external if id(v) in first]
        self._reads = [*self._shared, *(inputs[at] for at in self._arguments), *self._made]
        # Numbers that may decide about shapes: each value has its program.
        self._numbers = [
            at
            for at, v in enumerate(self._reads)
            if v.type.ndim == 0
            and v.type.dtype.startswith(("int", "uint"))
            and not isinstance(v, SharedVariable)
            and any(_decides(node) and v in node.inputs for node in self._rest)
        ]
        self._specific = bool(self._numbers)

    def run(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The results; shared variables are updated."""
        device = current()
        if device is not CPU and self._make is not None:
            if device not in self._elsewhere:
                self._elsewhere[device] = self._make(self._evaluator, device)
            return self._elsewhere[device].run(arrays)
        if exist():
            for shared in self._shared:
                reading(shared.host)
            for shared in self._evaluator.graph.updated:
                writing(shared.host)
        return self._replayed(arrays)

    def _replayed(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The results, by a program if there is one for these shapes."""
        now = [v.host for v in self._shared] if self._shared else []
        if arrays:
            now += arrays if self._reads_all else [arrays[at] for at in self._arguments]
        if self._first:
            values = {id(v): a for v, a in zip(self._evaluator.graph.inputs, arrays, strict=True)}
            for node in self._first:
                perform(node, values)
            now += [values[id(v)] for v in self._made]
        key = tuple([a.shape for a in now])
        if self._specific:
            key += self._specifics(now)
        program = self._programs.get(key)
        if program is None and key not in self._programs:
            program = self._lowered(key, arrays, now)
        if program is not None:
            try:
                return program.run(now)
            except ShapeError:  # Nothing has been updated yet.
                self._programs[key] = None
        return self._evaluator.run(arrays)

    def _specifics(self, now: Sequence[np.ndarray]) -> tuple[Any, ...]:
        """What a program is made for, besides shapes."""
        return tuple([int(now[at]) for at in self._numbers])

    def _lowered(self, key: Any, arrays: Sequence[np.ndarray], now: Sequence[np.ndarray]) -> Any:
        """A program for new shapes, known after the graph has been evaluated once; or None."""
        if len(self._programs) >= MOST_PROGRAMS:
            return None
        try:
            numbers = [self._reads[at] for at in self._numbers]
            shapes, known = measured(self._evaluator, arrays, numbers)
            self._programs[key] = self._recorded(now, known, shapes)
        except UnsuitableError:
            self._programs[key] = None
        return self._programs[key]

    def _recorded(
        self,
        now: Sequence[np.ndarray],
        known: dict[int, np.ndarray],
        shapes: dict[int, tuple[int, ...]],
    ) -> Any:
        """The graph recorded for the shapes of what is read now, ready to be replayed."""
        # What stands for a shared variable has no base, for the tape must know all of its parts.
        stands = {
            v: np.asarray(a.data) if isinstance(v, SharedVariable) else np.empty(a.shape, a.dtype)
            for v, a in zip(self._reads, now, strict=True)
        }
        graph = self._evaluator.graph
        parts = self._rest, graph.results, graph.updates, stands, known, shapes
        made = Replayed(Lowering(*parts))
        made.prepare()
        return made

    def _external(self) -> list[Variable]:
        """What the program reads but does not compute."""
        made = {id(v) for node in self._rest for v in node.outputs} | self._fixed
        wanted = [v for node in self._rest for v in node.inputs]
        wanted += [*self._evaluator.graph.outputs, *self._evaluator.graph.updated]
        found: dict[int, Variable] = {}
        for v in wanted:
            if id(v) not in made and not isinstance(v, Constant):
                found.setdefault(id(v), v)
        return list(found.values())


def _first(evaluator: Evaluator, given: set[int], fixed: set[int]) -> list[Apply]:
    """What is done in Python: integers, shapes, and views that they cut out of what is given."""
    able: list[Apply] = []
    for node in evaluator.nodes:
        at_hand = all(
            isinstance(v, (Constant, SharedVariable)) or id(v) in given for v in node.inputs
        )
        if at_hand and (
            any(id(v) in fixed for v in node.outputs)
            or (isinstance(node.op, Subtensor) and all(_integer(v) for v in node.inputs[1:]))
            or all(map(_integer, (*node.inputs, *node.outputs)))
        ):
            able.append(node)
            given = given | {id(v) for v in node.outputs}
    needed: set[int] = set()
    wanted = []
    for node in reversed(able):
        made = [id(v) for v in node.outputs]
        if any(at in needed for at in made) or not any(at in fixed for at in made):
            needed |= {id(v) for v in node.inputs}
            wanted.append(node)
    return wanted[::-1]


def _integer(v: Variable) -> bool:
    return v.type.ndim == 0 and v.type.dtype.startswith(("int", "uint", "bool"))


def _decides(node: Apply) -> bool:
    return not isinstance(node.op, (Elemwise, Cast, Subtensor, IncSubtensor))
