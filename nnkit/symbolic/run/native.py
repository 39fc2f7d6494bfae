"""Runs a graph natively: a recorded tape of kernels for each combination of shapes.

What a call does has three parts. Integers that only depend on arguments, such as the bounds of a
mini-batch, and the parts of arguments and shared variables that they cut out, are computed in
Python: they are views. With the shapes known, :class:`~nnkit.symbolic.run.lowering.Lowering` has
made a program of kernels of the rest. The arrays that it reads and writes lie where they lie: only
their addresses are put into the program.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nnkit import forks
from nnkit.engine.devices import current
from nnkit.engine.memory import Arena
from nnkit.engine.program import ONE_STEP, Program, choose_workers
from nnkit.engine.twins import bring, exist, outdate
from nnkit.kernels._jit import address
from nnkit.symbolic.graph import Apply, Variable
from nnkit.symbolic.run.evaluate import Evaluator, perform, value
from nnkit.symbolic.run.lowering import Lowering, ShapeError, UnsuitableError
from nnkit.symbolic.tensor.elementwise import Cast, Elemwise
from nnkit.symbolic.tensor.indexing import IncSubtensor, Subtensor
from nnkit.symbolic.tensor.shapes import Shape, Size
from nnkit.symbolic.tensor.variable import Constant, SharedVariable

__all__ = ["MOST_PROGRAMS", "Native", "Places", "fixed_ids", "measured", "plain", "put"]

# Words of a program, indices, and bytes beyond the address that belongs there.
Places = list[tuple[np.ndarray, int, int]]
# A function that is called with ever new shapes is not worth more programs.
MOST_PROGRAMS = 32
# Bytes up to which copying an array costs less than putting its address everywhere.
_SMALL = 16_384


class Native:
    """A graph, and the programs made of it so far.

    Parameters
    ----------
    evaluator : Evaluator
        What runs if there is no program, because shapes depend on values.
    on_gpu : callable
        Makes of an evaluator and a device's name what runs there.
    """

    def __init__(
        self, evaluator: Evaluator, on_gpu: Callable[[Evaluator, str], Native] | None = None
    ) -> None:
        self._evaluator, self._make_on_gpu = evaluator, on_gpu
        graph = evaluator.graph
        self._on_gpus: dict[str, Native] = {}
        self._programs: dict[Any, Compiled | None] = {}
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

    def run(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The results; shared variables are updated."""
        device = current()
        if device != "cpu" and self._make_on_gpu is not None:
            if device not in self._on_gpus:
                self._on_gpus[device] = self._make_on_gpu(self._evaluator, device)
            return self._on_gpus[device].run(arrays)
        if not exist():
            return self._replayed(arrays)
        for shared in self._shared:
            bring(shared.host)
        results = self._replayed(arrays)
        for shared in self._evaluator.graph.updated:
            outdate(shared.host)
        return results

    def _replayed(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The results, by a program if there is one for these shapes."""
        now = [v.host for v in self._shared]
        if arrays:
            now += [arrays[at] for at in self._arguments]
        if self._first:
            values = {id(v): a for v, a in zip(self._evaluator.graph.inputs, arrays, strict=True)}
            for node in self._first:
                perform(node, values)
            now += [values[id(v)] for v in self._made]
        key = self._key(now)
        program = self._programs.get(key)
        if program is None and key not in self._programs:
            program = self._lowered(key, arrays, now)
        if program is not None:
            try:
                return program.run(now)
            except ShapeError:  # Nothing has been updated yet.
                self._programs[key] = None
        return self._evaluator.run(arrays)

    def _key(self, now: Sequence[np.ndarray]) -> Any:
        """What a program is made for."""
        shapes = tuple([a.shape for a in now])
        return (*shapes, *[int(now[at]) for at in self._numbers]) if self._numbers else shapes

    def _lowered(
        self, key: Any, arrays: Sequence[np.ndarray], now: Sequence[np.ndarray]
    ) -> Compiled | None:
        """A program for new shapes, known after the graph has been evaluated once; or None."""
        if len(self._programs) >= MOST_PROGRAMS:
            return None
        try:
            evaluator = self._evaluator
            keep = self._fixed | {id(self._reads[at]) for at in self._numbers}
            shapes, known = measured(evaluator, arrays, keep)
            parts = evaluator, self._rest, self._reads, now, known, shapes
            self._programs[key] = self._compiled(*parts)
        except UnsuitableError:
            self._programs[key] = None
        return self._programs[key]

    def _compiled(self, *parts: Any) -> Compiled:
        """What :class:`Compiled` takes, as a program for the device."""
        return Compiled(*parts)

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


class Compiled:
    """The program of a graph for certain shapes.

    Parameters
    ----------
    evaluator : Evaluator
    nodes : sequence of Apply
        What the program does.
    reads : sequence of Variable
        What it reads.
    now : sequence of numpy.ndarray
        For an example, what these are.
    known, shapes
        See :class:`~nnkit.symbolic.run.lowering.Lowering`.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        nodes: Sequence[Apply],
        reads: Sequence[Variable],
        now: Sequence[np.ndarray],
        known: dict[int, np.ndarray],
        shapes: dict[int, tuple[int, ...]],
    ) -> None:
        self._ids = [id(v) for v in reads]
        self._stands = [
            array if isinstance(v, SharedVariable) else np.empty(array.shape, array.dtype)
            for v, array in zip(reads, now, strict=True)
        ]
        if not all(map(plain, self._stands)):
            raise UnsuitableError
        graph, stands = evaluator.graph, dict(zip(reads, self._stands, strict=True))
        self._lowering = Lowering(nodes, graph.results, graph.updates, stands, known, shapes)
        self._limits = [(self._ids.index(at), size) for at, size in self._lowering.limits]
        self._shared = [at for at, v in enumerate(reads) if isinstance(v, SharedVariable)]
        self._written = [at for at in self._shared if reads[at] in graph.updated]
        self._prepare()

    def _prepare(self) -> None:
        """Make the tape ready to be replayed."""
        tape = self._lowering.tape
        self._program = program = Program(tape, Arena(), choose_workers(tape, ONE_STEP))
        self._lock = threading.Lock()
        forks.hold(self._lock, 1)
        given = [(at, a) for at, a in enumerate(self._stands) if at not in self._shared]
        self._small = [(at, array) for at, array in given if array.nbytes <= _SMALL]
        self._large = [(at, program.places(a)) for at, a in given if a.nbytes > _SMALL]
        self._places = {at: program.places(self._stands[at]) for at in self._shared}
        self._results = results = list(self._lowering.results)
        self._copied = [at for at, array in enumerate(results) if array.nbytes <= _SMALL]
        self._fresh = [(at, program.places(a)) for at, a in enumerate(results) if a.nbytes > _SMALL]

    def run(self, now: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The results for these arrays.

        Raises
        ------
        ShapeError
            The program is not for them; nothing has been changed.
        """
        if self._limits:
            self._check(now)
        with self._lock:
            for at, stand in self._small:
                stand[...] = now[at]
            for at in self._shared:
                if now[at] is not self._stands[at]:
                    if not plain(now[at]):
                        raise ShapeError
                    put(now[at], self._places[at])
                    self._stands[at] = now[at]
            results, held = self._results.copy(), []
            for at, places in self._fresh:
                results[at] = array = np.empty_like(results[at])
                put(array, places)
            for at, places in self._large:
                array = now[at]
                if not plain(array, False) or any(
                    np.may_share_memory(array, now[other]) for other in self._written
                ):
                    array = array.copy()
                held.append(array)
                put(array, places)
            if not self._program.native:
                self._lowering.now = dict(zip(self._ids, now, strict=True))
            self._program.run(1)
            for at in self._copied:
                results[at] = results[at].copy()
            return results

    def _check(self, now: Sequence[np.ndarray]) -> None:
        """See that all indices are within bounds."""
        for at, size in self._limits:
            if now[at].min() < -size or now[at].max() >= size:
                raise ShapeError


def measured(
    evaluator: Evaluator, arrays: Sequence[np.ndarray], keep: set[int]
) -> tuple[dict[int, tuple[int, ...]], dict[int, np.ndarray]]:
    """Evaluate once: the shapes of all variables, and the values of those to keep, by their ids."""
    values = {id(v): a for v, a in zip(evaluator.graph.inputs, arrays, strict=True)}
    uses = Counter(id(v) for node in evaluator.nodes for v in node.inputs)
    shapes = {}
    for node in evaluator.nodes:
        perform(node, values)
        for v in (*node.inputs, *node.outputs):
            shapes[id(v)] = value(v, values).shape
        for v in node.inputs:  # Memory for one result after the other, not for all.
            uses[id(v)] -= 1
            if not uses[id(v)] and id(v) not in keep:
                values.pop(id(v), None)
    for v in evaluator.graph.outputs:
        if id(v) not in shapes:
            shapes[id(v)] = value(v, values).shape
    return shapes, {at: array for at, array in values.items() if at in keep}


def plain(array: np.ndarray, writeable: bool = True) -> bool:
    """Whether kernels can work on an array where it lies."""
    flags = array.flags
    return flags.c_contiguous and flags.aligned and (flags.writeable or not writeable)


def put(array: np.ndarray, places: Places) -> None:
    """Let an array take its places in a program."""
    start = address(array)
    for words, index, offset in places:
        words[index] = start + offset


def fixed_ids(nodes: Sequence[Apply]) -> set[int]:
    """Ids of what depends on constants and shapes only."""
    fixed: set[int] = set()
    for node in nodes:
        if isinstance(node.op, (Shape, Size)) or all(
            isinstance(v, Constant) or id(v) in fixed for v in node.inputs
        ):
            fixed |= {id(v) for v in node.outputs}
    return fixed


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
