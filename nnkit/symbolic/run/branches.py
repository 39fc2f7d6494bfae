"""Graphs with ``ifelse``: conditions first, then a graph without what they have ruled out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from nnkit.symbolic.graph import Apply, FunctionGraph, Variable, clone, toposort
from nnkit.symbolic.ifelse import IfElse
from nnkit.symbolic.rewriting.passes import rewrite
from nnkit.symbolic.run.evaluate import Evaluator
from nnkit.symbolic.run.native import Native
from nnkit.symbolic.tensor.elementwise import Cast, DimShuffle, Elemwise
from nnkit.symbolic.tensor.indexing import Subtensor
from nnkit.symbolic.tensor.shapes import Rebroadcast, Reshape, Shape, Size, patternbroadcast

__all__ = ["Branches", "Runner", "has_branches", "needs", "runner"]

Runner = Callable[[Sequence[np.ndarray]], list[np.ndarray]]

# What is done again rather than kept between conditions and the rest: it costs less than a copy.
_CHEAP = (Cast, DimShuffle, Elemwise, Rebroadcast, Reshape, Shape, Size, Subtensor)


def has_branches(nodes: Sequence[Apply]) -> bool:
    """Whether there is an ``ifelse`` among some operations."""
    return any(isinstance(node.op, IfElse) for node in nodes)


def needs(node: Apply, values: Any) -> Sequence[Variable]:
    """The inputs that an operation needs, as far as the values known so far tell."""
    if not isinstance(node.op, IfElse):
        return node.inputs
    condition, *both = node.inputs
    if condition not in values:
        return [condition]
    then, otherwise = node.op.halves(both)
    taken: Sequence[Variable] = then if values[condition] else otherwise
    return taken


def runner(graph: FunctionGraph, mode: str) -> Runner:
    """What runs a graph in a mode of :func:`~nnkit.symbolic.function`: it gets arrays."""
    evaluator = Evaluator(graph)
    if has_branches(evaluator.nodes):
        return Branches(graph, mode).run
    return Native(evaluator, _on_gpu).run if mode == "FAST_RUN" else evaluator.run


def _on_gpu(evaluator: Evaluator, device: Any) -> Native:
    """What runs a graph on a GPU; CUDA is imported here, not before."""
    from nnkit.symbolic.run.on_gpu import NativeOnGpu

    return NativeOnGpu(evaluator, device)


class Branches:
    """Runs a graph with ``ifelse``, and of each only the branch that is taken.

    Each combination of conditions has a graph and a program of its own, made when it first occurs.
    Conditions that are in a branch, or that depend on another ``ifelse``, are decided there.

    Parameters
    ----------
    graph : FunctionGraph
    mode : str
    """

    def __init__(self, graph: FunctionGraph, mode: str) -> None:
        self._graph, self._mode = graph, mode
        self._conditions = _decidable(graph.outputs)
        self._kept = _kept(graph.outputs, self._conditions)
        first = [*self._conditions, *self._kept]
        self._first = runner(FunctionGraph(graph.inputs, first), mode)
        self._rest: dict[tuple[bool, ...], Runner] = {}

    def run(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The results; shared variables are updated."""
        made = self._first(arrays)
        count = len(self._conditions)
        taken = tuple(map(bool, made[:count]))
        if taken not in self._rest:
            self._rest[taken] = self._ruled(taken)
        return self._rest[taken]([*arrays, *made[count:]])

    def _ruled(self, taken: Sequence[bool]) -> Runner:
        """What runs the rest, for these values of the conditions."""
        decided = dict(zip(map(id, self._conditions), taken, strict=True))
        places = {v: v.type(v.name) for v in self._kept}
        outputs = clone(_without(self._graph.outputs, decided), places)
        inputs = [*self._graph.inputs, *places.values()]
        rest = FunctionGraph(inputs, rewrite(outputs, self._mode), self._graph.updated)
        return runner(rest, self._mode)


def _decidable(outputs: Sequence[Variable]) -> list[Variable]:
    """Conditions that are needed whatever branches are taken, and that depend on no ``ifelse``."""
    found: dict[int, Variable] = {}
    seen: set[int] = set()
    stack = list(outputs)
    while stack:
        v = stack.pop()
        if v.owner is None or id(v.owner) in seen:
            continue
        seen.add(id(v.owner))
        if isinstance(v.owner.op, IfElse):
            found[id(v.owner.inputs[0])] = v.owner.inputs[0]
            stack.append(v.owner.inputs[0])
        else:
            stack += v.owner.inputs
    return [v for v in found.values() if not has_branches(toposort([v]))]


def _kept(outputs: Sequence[Variable], conditions: Sequence[Variable]) -> list[Variable]:
    """What is computed for conditions, and worth being kept for the rest."""
    made = {
        id(v)
        for node in toposort(conditions)
        if not isinstance(node.op, _CHEAP)
        for v in node.outputs
    }
    decided = {id(v) for v in conditions}
    found: dict[int, Variable] = {}
    seen: set[int] = set()
    stack = list(outputs)
    while stack:
        v = stack.pop()
        if id(v) in made:
            found[id(v)] = v
        elif v.owner is not None and id(v.owner) not in seen:
            seen.add(id(v.owner))
            ruled = isinstance(v.owner.op, IfElse) and id(v.owner.inputs[0]) in decided
            stack += v.owner.inputs[1:] if ruled else v.owner.inputs
    return list(found.values())


def _without(outputs: Sequence[Variable], decided: Mapping[int, bool]) -> list[Variable]:
    """The graph in which each ``ifelse`` that is decided has given way to the branch it takes."""
    outputs = list(outputs)
    while True:
        taken: dict[Variable, Variable] = {}
        for node in toposort(outputs):
            if isinstance(node.op, IfElse) and id(node.inputs[0]) in decided:
                then, otherwise = node.op.halves(node.inputs[1:])
                values = then if decided[id(node.inputs[0])] else otherwise
                for old, v in zip(node.outputs, values, strict=True):
                    taken[old] = patternbroadcast(v, old.type.broadcastable)
        if not taken:
            return outputs
        outputs = clone(outputs, taken)
