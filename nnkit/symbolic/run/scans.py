"""The steps of a scan, natively: one step is recorded, and replayed for all.

What changes from step to step is data: a counter says which element of each sequence is read and
where results go, and states are shared variables that the step updates.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit.engine.dispatch import launch
from nnkit.engine.program import MANY_STEPS
from nnkit.symbolic.graph import FunctionGraph, clone
from nnkit.symbolic.rewriting.passes import rewrite
from nnkit.symbolic.run.branches import has_branches
from nnkit.symbolic.run.evaluate import Evaluator, measured
from nnkit.symbolic.run.lowering import Lowering, ShapeError, UnsuitableError
from nnkit.symbolic.run.native import MOST_PROGRAMS
from nnkit.symbolic.run.recorded import Arrays, Replayed
from nnkit.symbolic.tensor.variable import SharedVariable

if TYPE_CHECKING:
    from nnkit.symbolic.scan_op import Body

__all__ = ["NativeScan"]


class NativeScan:
    """The recorded steps of a scan, one for each combination of shapes.

    Parameters
    ----------
    body : Body
    """

    def __init__(self, body: Body) -> None:
        self._body = body
        self._made: dict[Any, _RecordedBody | None] = {}

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
                self._made[key] = _RecordedBody(self._body, sequences, initial, others)
            replay = self._made[key]
            return None if replay is None else replay.steps(steps, sequences, initial, others)
        except (ShapeError, UnsuitableError):
            self._made[key] = None
            return None


class _RecordedBody(Replayed):
    """A recorded step, for certain shapes.

    Raises
    ------
    UnsuitableError
        A state changes its shape, or a step has an ``ifelse``.
    """

    def __init__(self, body: Body, sequences: Arrays, initial: Arrays, others: Arrays) -> None:
        self._body = body
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
        deciding = [v for v, a in zip(body.non_sequences, others, strict=True) if _decides(a)]
        shapes, known = measured(evaluator, values, deciding)
        updates: list[tuple[SharedVariable, Any]] = []
        for state, new in zip(self._states, outputs, strict=False):
            if shapes[id(new)] != state[-1].host.shape:
                raise UnsuitableError
            updates += list(zip(state, [*state[1:], new], strict=True))
        reads: dict[Any, np.ndarray] = {
            v: np.empty(a.shape, a.dtype) for v, a in zip(inputs, values, strict=True)
        }
        states = {cell: cell.host for state in self._states for cell in state}
        self._collected = [i for i in range(len(outputs)) if i >= len(body.kept) or body.kept[i]]
        wanted = [outputs[i] for i in self._collected]
        parts = evaluator.nodes, wanted, updates, reads | states, known, shapes, states
        super().__init__(Lowering(*parts))
        if any(at >= len(inputs) for at, _ in self._limits):
            raise UnsuitableError  # An index that a step computes.
        self._loop(body.sequences)
        self.prepare(MANY_STEPS, body.sequences)

    def _loop(self, sequences: int) -> None:
        """Let the tape take elements from whole sequences, and put results where those of all are.

        A counter says which.
        """
        self._time = np.zeros(1, np.int64)
        low, recorded = self._lowering, len(self.tape.entries)
        for at in range(sequences):
            element = self._stands[at].reshape(1, -1)
            whole = self._bound("whole", at, element)
            low.call(launch.gather_sequence, whole, self._time, 1, 0, element)
            self._given[at] = f"whole {at}"
        self.tape.entries[:] = self.tape.entries[recorded:] + self.tape.entries[:recorded]
        for at, result in enumerate(self.results):
            row = result.reshape(1, -1)
            low.call(
                launch.scatter_sequence, row, self._time, 1, 0, self._bound("collected", at, row)
            )
            self._made[at] = f"collected {at}"
        low.call(launch.advance_batch, self._time)

    def _bound(self, what: str, at: int, like: np.ndarray) -> np.ndarray:
        """Bound data that has rows for all steps; here, for one."""
        array = np.empty_like(like)
        self.tape.bind(f"{what} {at}", array)
        return array

    def steps(
        self, steps: int, sequences: Arrays, initial: Arrays, others: Arrays
    ) -> list[np.ndarray]:
        """The outputs of the scan.

        Raises
        ------
        ShapeError
            An index is beyond the end, or a shape depends on values.
        """
        with self._lock:
            self._time[0], self._done = 0, steps
            for state, first in zip(self._states, initial, strict=True):
                for cell, value in zip(state, first, strict=True):
                    cell.host[...] = value
            made = self.run((*sequences, *others), steps)
            collected = dict(zip(self._collected, made, strict=True))
            return [
                collected[i][: self._done] if i in collected else self._states[i][-1].host.copy()
                for i in range(len(self._body.results))
            ]

    def _repeat(self, steps: int) -> None:
        """Do so many steps, or as many as there are until a condition is true."""
        if not self.program.native:  # What is done in Python sees elements, not whole sequences.
            first = self._ids[: self._body.sequences]
            self._lowering.now |= dict(zip(first, self._stands, strict=False))
            cells = self._ids[len(first) + len(self._body.non_sequences) :]
            self._lowering.now |= dict(zip(cells, self._stands[-len(cells) :], strict=False))
        if not self._body.until:
            self.program.run(steps)
            return
        for self._done in range(1, steps + 1):
            self.program.run(1)
            if self.results[-1]:
                return


def _each(first: np.ndarray) -> Iterator[np.ndarray]:
    """The values that a state starts with, as arrays."""
    return (first[i, ...] for i in range(len(first)))


def _decides(array: np.ndarray) -> bool:
    """Whether it is an integer, which may be the size of something."""
    return array.ndim == 0 and array.dtype.kind in "iu"
