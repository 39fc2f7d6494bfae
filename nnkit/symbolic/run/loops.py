"""The steps of a scan, natively: one step is recorded, and replayed for all.

What changes from step to step is data: a counter says which element of each sequence is read and
where results go, and states are shared variables that the step updates.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit import forks
from nnkit.engine.device import launch
from nnkit.engine.memory import Arena
from nnkit.engine.program import Program, choose_workers
from nnkit.symbolic.graph import FunctionGraph, clone
from nnkit.symbolic.rewriting.passes import rewrite
from nnkit.symbolic.run.branches import has_branches
from nnkit.symbolic.run.evaluate import Evaluator
from nnkit.symbolic.run.lowering import Lowering, ShapeError, UnsuitableError
from nnkit.symbolic.run.native import MOST_PROGRAMS, fixed_ids, measured, plain, put
from nnkit.symbolic.tensor.variable import SharedVariable

if TYPE_CHECKING:
    from nnkit.symbolic.scan_op import Body

__all__ = ["Replays"]

Arrays = Sequence[np.ndarray]


class Replays:
    """The recorded steps of a scan, one for each combination of shapes.

    Parameters
    ----------
    body : Body
    """

    def __init__(self, body: Body) -> None:
        self._body = body
        self._made: dict[Any, _Replay | None] = {}

    def run(
        self, steps: int, sequences: Arrays, initial: Arrays, others: Arrays
    ) -> list[np.ndarray] | None:
        """The outputs of a scan; None if its steps can't be replayed."""
        key = (
            tuple([s.shape[1:] for s in sequences]),
            tuple([a.shape for a in (*initial, *others)]),
            tuple([int(a) for a in others if _decides(a)]),
        )
        if steps < 1 or (key not in self._made and len(self._made) >= MOST_PROGRAMS):
            return None
        try:
            if key not in self._made:
                self._made[key] = _Replay(self._body, sequences, initial, others)
            replay = self._made[key]
            return None if replay is None else replay.run(steps, sequences, initial, others)
        except (ShapeError, UnsuitableError):
            self._made[key] = None
            return None


class _Replay:
    """A recorded step, for certain shapes.

    Raises
    ------
    UnsuitableError
        A state changes its shape, or a step has an ``ifelse``.
    """

    def __init__(self, body: Body, sequences: Arrays, initial: Arrays, others: Arrays) -> None:
        self._body, self._lock = body, threading.Lock()
        forks.hold(self._lock, 1)
        self._states = [
            [SharedVariable(np.array(value), None, kind.broadcastable) for value in _each(first)]
            for first, kind in zip(initial, body.state_types, strict=True)
        ]
        cells = [
            state[tap] for state, taps in zip(self._states, body.taps, strict=True) for tap in taps
        ]
        inputs = body.inputs[: body.sequences] + body.non_sequences
        looped = body.inputs[body.sequences : len(body.inputs) - len(body.non_sequences)]
        outputs = clone(rewrite(body.outputs, body.mode), dict(zip(looped, cells, strict=True)))
        evaluator = Evaluator(FunctionGraph(inputs, outputs))
        if has_branches(evaluator.nodes):
            raise UnsuitableError
        values = [*(s[0, ...] for s in sequences), *others]
        fixed = fixed_ids(evaluator.nodes)
        keep = fixed | {
            id(v) for v, a in zip(body.non_sequences, others, strict=True) if _decides(a)
        }
        shapes, known = measured(evaluator, values, keep)
        updates = []
        for state, new in zip(self._states, outputs, strict=False):
            if shapes[id(new)] != state[-1].storage.shape:
                raise UnsuitableError
            updates += list(zip(state, [*state[1:], new], strict=True))
        stands = [np.empty(a.shape, a.dtype) for a in values]
        reads: dict[Any, np.ndarray] = dict(zip(inputs, stands, strict=True))
        reads |= {cell: cell.storage for state in self._states for cell in state}
        self._collected = [i for i in range(len(outputs)) if i >= len(body.kept) or body.kept[i]]
        todo = [node for node in evaluator.nodes if id(node.outputs[0]) not in fixed]
        wanted = [outputs[i] for i in self._collected]
        self._lowering = low = Lowering(todo, wanted, updates, reads, known, shapes)
        self._ids = [id(v) for v in inputs]
        if not {at for at, _ in low.limits} <= set(self._ids):
            raise UnsuitableError  # An index that a step computes.
        self._time = np.zeros(1, np.int64)
        elements = [stand.reshape(1, -1) for stand in stands[: body.sequences]]
        wholes = [np.empty_like(element) for element in elements]
        results = [result.reshape(1, -1) for result in low.results]
        made = [np.empty_like(result) for result in results]
        done = len(low.tape.entries)
        for whole, element in zip(wholes, elements, strict=True):
            low.call(launch.gather_sequence, whole, self._time, 1, 0, element)
        low.tape.entries[:] = low.tape.entries[done:] + low.tape.entries[:done]
        for whole, result in zip(made, results, strict=True):
            low.call(launch.scatter_sequence, result, self._time, 1, 0, whole)
        low.call(launch.advance_batch, self._time)
        self._program = Program(low.tape, Arena(), choose_workers(low.tape))
        self._stands = stands
        self._reads = [*map(self._program.places, [*wholes, *stands[body.sequences :]])]
        self._writes = [*map(self._program.places, made)]

    def run(
        self, steps: int, sequences: Arrays, initial: Arrays, others: Arrays
    ) -> list[np.ndarray]:
        """The outputs of the scan.

        Raises
        ------
        ShapeError
            An index is beyond the end, or a shape depends on values.
        """
        given = [a if plain(a, False) else a.copy() for a in (*sequences, *others)]
        for at, size in self._lowering.limits:
            indices = given[self._ids.index(at)]
            if indices.min() < -size or indices.max() >= size:
                raise ShapeError
        with self._lock:
            self._time[0] = 0
            for state, first in zip(self._states, initial, strict=True):
                for cell, value in zip(state, first, strict=True):
                    cell.storage[...] = value
            for array, places in zip(given, self._reads, strict=True):
                put(array, places)
            low = self._lowering
            made = [np.empty((steps, *a.shape), a.dtype) for a in low.results]
            for array, places in zip(made, self._writes, strict=True):
                put(array, places)
            if not self._program.native:
                rows = self._stands[: len(sequences)]
                low.now = dict(zip(self._ids, [*rows, *others], strict=True))
                low.now |= {id(c): c.storage for state in self._states for c in state}
            done = self._replay(steps)
            collected = dict(zip(self._collected, made, strict=True))
            return [
                collected[i][:done] if i in collected else self._states[i][-1].storage.copy()
                for i in range(len(self._body.results))
            ]

    def _replay(self, steps: int) -> int:
        """Do the steps; how many there were."""
        if not self._body.until:
            self._program.run(steps)
            return steps
        for done in range(1, steps + 1):
            self._program.run(1)
            if self._lowering.results[-1]:
                return done
        return steps


def _each(first: np.ndarray) -> Iterator[np.ndarray]:
    """The values that a state starts with, as arrays."""
    return (first[i, ...] for i in range(len(first)))


def _decides(array: np.ndarray) -> bool:
    """Whether it is an integer, which may be the size of something."""
    return array.ndim == 0 and array.dtype.kind in "iu"
