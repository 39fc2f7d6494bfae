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
from nnkit.symbolic.branches import has_branches
from nnkit.symbolic.graph import clone
from nnkit.symbolic.lowering import Lowering, ShapeError, UnsuitableError
from nnkit.symbolic.native import MOST_PROGRAMS, fixed_ids, measured, plain
from nnkit.symbolic.rewrite import rewrite
from nnkit.symbolic.run import Evaluator
from nnkit.symbolic.tensor.variable import SharedVariable

if TYPE_CHECKING:
    from nnkit.symbolic.steps import Step

__all__ = ["Replays"]

Arrays = Sequence[np.ndarray]


class Replays:
    """The recorded steps of a scan, one for each combination of shapes.

    Parameters
    ----------
    step : Step
    """

    def __init__(self, step: Step) -> None:
        self._step = step
        self._made: dict[Any, _Replay | None] = {}

    def run(
        self, steps: int, sequences: Arrays, firsts: Arrays, staying: Arrays
    ) -> list[np.ndarray] | None:
        """The outputs of a scan; None if its steps can't be replayed."""
        key = (
            tuple([s.shape[1:] for s in sequences]),
            tuple([a.shape for a in (*firsts, *staying)]),
            tuple([int(a) for a in staying if _decides(a)]),
        )
        if steps < 1 or (key not in self._made and len(self._made) >= MOST_PROGRAMS):
            return None
        try:
            if key not in self._made:
                self._made[key] = _Replay(self._step, sequences, firsts, staying)
            replay = self._made[key]
            return None if replay is None else replay.run(steps, sequences, firsts, staying)
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

    def __init__(self, step: Step, sequences: Arrays, firsts: Arrays, staying: Arrays) -> None:
        self._step, self._lock = step, threading.Lock()
        forks.hold(self._lock, 1)
        self._states = [
            [SharedVariable(np.array(value), None, kind.broadcastable) for value in _each(first)]
            for first, kind in zip(firsts, step.kinds, strict=True)
        ]
        cells = [
            state[tap] for state, taps in zip(self._states, step.taps, strict=True) for tap in taps
        ]
        inputs = step.inputs[: step.sequences] + step.staying
        looped = step.inputs[step.sequences : len(step.inputs) - len(step.staying)]
        outputs = clone(rewrite(step.outputs, step.mode), dict(zip(looped, cells, strict=True)))
        evaluator = Evaluator(inputs, outputs, [], len(outputs))
        if has_branches(evaluator.nodes):
            raise UnsuitableError
        values = [*(s[0, ...] for s in sequences), *staying]
        fixed = fixed_ids(evaluator.nodes)
        keep = fixed | {id(v) for v, a in zip(step.staying, staying, strict=True) if _decides(a)}
        shapes, known = measured(evaluator, values, keep)
        updates = []
        for state, new in zip(self._states, outputs, strict=False):
            if shapes[id(new)] != state[-1].storage.shape:
                raise UnsuitableError
            updates += list(zip(state, [*state[1:], new], strict=True))
        stands = [np.empty(a.shape, a.dtype) for a in values]
        reads: dict[Any, np.ndarray] = dict(zip(inputs, stands, strict=True))
        reads |= {cell: cell.storage for state in self._states for cell in state}
        self._collected = [i for i in range(len(outputs)) if i >= len(step.kept) or step.kept[i]]
        todo = [node for node in evaluator.nodes if id(node.outputs[0]) not in fixed]
        wanted = [outputs[i] for i in self._collected]
        self._lowering = low = Lowering(todo, wanted, updates, reads, known, shapes)
        self._ids = [id(v) for v in inputs]
        if not {at for at, _ in low.limits} <= set(self._ids):
            raise UnsuitableError  # An index that a step computes.
        self._time = np.zeros(1, np.int64)
        elements = [stand.reshape(1, -1) for stand in stands[: step.sequences]]
        wholes = [np.empty_like(element) for element in elements]
        results = [result.reshape(1, -1) for result in low.results]
        made = [np.empty_like(result) for result in results]
        for i, array in enumerate(wholes):
            low.tape.bind(f"whole {i}", array)
        for i, array in enumerate(made):
            low.tape.bind(f"made {i}", array)
        done = len(low.tape.entries)
        for whole, element in zip(wholes, elements, strict=True):
            low.call(launch.gather_sequence, whole, self._time, 1, 0, element)
        low.tape.entries[:] = low.tape.entries[done:] + low.tape.entries[:done]
        for whole, result in zip(made, results, strict=True):
            low.call(launch.scatter_sequence, result, self._time, 1, 0, whole)
        low.call(launch.advance_batch, self._time)
        self._program = Program(low.tape, Arena(), choose_workers(low.tape))
        self._program.bind(low.tape.bound())
        self._stands = stands
        self._reads = [f"whole {i}" for i in range(len(wholes))]
        self._reads += low.names[0][step.sequences : len(stands)]
        self._writes = [f"made {i}" for i in range(len(made))]

    def run(
        self, steps: int, sequences: Arrays, firsts: Arrays, staying: Arrays
    ) -> list[np.ndarray]:
        """The outputs of the scan.

        Raises
        ------
        ShapeError
            An index is beyond the end, or a shape depends on values.
        """
        given = [a if plain(a, False) else a.copy() for a in (*sequences, *staying)]
        for at, size in self._lowering.limits:
            indices = given[self._ids.index(at)]
            if indices.min() < -size or indices.max() >= size:
                raise ShapeError
        with self._lock:
            self._time[0] = 0
            for state, first in zip(self._states, firsts, strict=True):
                for cell, value in zip(state, first, strict=True):
                    cell.storage[...] = value
            low = self._lowering
            made = [np.empty((steps, *a.shape), a.dtype) for a in low.results]
            names = *self._reads, *self._writes
            self._program.bind(dict(zip(names, (*given, *made), strict=True)))
            if not self._program.native:
                rows = self._stands[: len(sequences)]
                low.now = dict(zip(self._ids, [*rows, *staying], strict=True))
                low.now |= {id(c): c.storage for state in self._states for c in state}
            done = self._replay(steps)
            collected = dict(zip(self._collected, made, strict=True))
            return [
                collected[i][:done] if i in collected else self._states[i][-1].storage.copy()
                for i in range(len(self._step.results))
            ]

    def _replay(self, steps: int) -> int:
        """Do the steps; how many there were."""
        if not self._step.until:
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
