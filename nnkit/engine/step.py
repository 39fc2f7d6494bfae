"""A step that runs in Python once, and natively from then on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from nnkit.engine.device import execute, recording
from nnkit.engine.memory import Arena
from nnkit.engine.program import MANY_STEPS, Program, choose_workers
from nnkit.engine.tape import Call, Fault, Stop, Tape
from nnkit.engine.twins import changed, exist, fetch
from nnkit.interrupts import deferred

__all__ = ["Step", "Watched", "Window", "kept", "restore", "watch"]

# Arrays by name; on a GPU also data sets that lie there.
Bound = dict[str, Any]


class Window(NamedTuple):
    """Which rows of the data a step reads.

    Attributes
    ----------
    size : int
        Rows of the batch.
    stride : int
        Rows of a full batch: the last one of an epoch may be smaller.
    batch : numpy.ndarray
        int64 (1,), the number of the batch in the epoch; the step counts it up.
    """

    size: int
    stride: int
    batch: np.ndarray


class Step:
    """One step of training, evaluation or prediction, repeated.

    For the first two repetitions the Python function runs and is recorded. One worker replays the
    first record from the same state: both must leave the same bits. Then all workers replay it, and
    that counts, so that the first step after a resume has the bits of any other. From the third
    repetition on there are only replays.

    Parameters
    ----------
    function : callable
        ``function(bound)`` does one step by launching kernels. It finds its batch by counters that
        are arrays, so that doing it again does the next batch.
    state : sequence of numpy.ndarray
        Every array that outlives a step and is changed by it.
    results : sequence of str
        Names of the bound arrays that it writes.
    arena : Arena
    python : callable
        ``python()`` is held while the step runs in Python, where layers keep its arrays on
        themselves.
    blame : callable
        ``blame(owner)`` is called with the part of the model whose work a record can't repeat.
        It returns True if the step may be recorded again (that part will run as a Python stop),
        False if it must stay in Python.
    eager : bool
        Never record.
    share : float
        See :func:`nnkit.engine.program.choose_workers`.

    Attributes
    ----------
    checked : bool
        Whether Python and replay have been found to agree, so that from now on it is replayed.
    """

    def __init__(
        self,
        function: Callable[[Bound], None],
        state: Sequence[np.ndarray],
        results: Sequence[str],
        arena: Arena,
        python: Callable[[], AbstractContextManager[Any]],
        blame: Callable[[Any], bool],
        eager: bool = False,
        share: float = MANY_STEPS,
    ) -> None:
        self.function, self.state, self.results = function, state, results
        self.arena, self.python, self.blame = arena, python, blame
        self.eager, self.share = eager, share
        self._program: Program | None = None
        self._first: Tape | None = None
        self.checked = False

    def run(
        self, bound: Bound, steps: int = 1, meanwhile: Callable[[], None] | None = None
    ) -> None:
        """Do the step so many times on these bound arrays.

        Parameters
        ----------
        bound : dict
        steps : int
        meanwhile : callable, optional
            What the host may do while it would wait for a device. On the CPU it never waits.
        """
        if exist():  # The model may have been on a GPU before.
            for array in self.state:
                fetch(array)
                changed(array)
        if not self.checked:
            # Views: one array may be bound under two names, and a tape knows them by identity.
            views = {name: array.view() for name, array in bound.items()}
            while steps and not self.checked:
                with deferred(), self.python():
                    if self.eager:
                        self.function(views)
                    else:
                        self._run_watched(views)
                steps -= 1
        if steps and self._program is not None:
            self._program.bind(bound)
            if self._program.native:
                self._program.run(steps)
                return
            for _ in range(steps):
                with deferred(), self.python():
                    self._program.run(1)

    def _run_watched(self, bound: Bound) -> None:
        """One step both in Python and by replay; they must agree."""
        written = [*self.state, *(bound[name] for name in self.results)]
        watched = watch(self.function, bound, written, self.arena, self._first)
        if watched.fault is not None:
            self.eager = not self.blame(watched.fault.owner)
            self._first = self._program = None
            return
        restore(written, watched.before)
        with undone(written, watched.before):
            self._replay_watched(watched, bound)

    def _replay_watched(self, watched: Watched, bound: Bound) -> None:
        """All workers do the step: that counts."""
        if self._program is None:
            workers = choose_workers(watched.tape, self.share)
            self._first = watched.tape
            self._program = Program(watched.tape, self.arena, workers)
        else:
            self._first, self.checked = None, True
        self._program.bind(bound)
        self._program.run(1, watched.outcomes)
        watched.tape.release()


@dataclass(frozen=True)
class Watched:
    """A step that Python did, and whether a replay would do the same.

    Attributes
    ----------
    tape : Tape
    before : list of numpy.ndarray
        Copies of what the step changes.
    outcomes : list
        What each Python stop gave.
    fault : Fault or None
        Somebody did work that is not on the tape.
    """

    tape: Tape
    before: list[np.ndarray]
    outcomes: list[list[np.ndarray]]
    fault: Fault | None


def watch(
    function: Callable[[Bound], None],
    bound: Bound,
    written: Sequence[np.ndarray],
    arena: Arena,
    first: Tape | None = None,
) -> Watched:
    """Do a step in Python, record it, and compare the record with what it did.

    Parameters
    ----------
    function : callable
        The step.
    bound : dict of str to numpy.ndarray
    written : sequence of numpy.ndarray
        All that it changes; as Python left it on return.
    arena : Arena
        Memory to replay in.
    first : Tape, optional
        An earlier record of the same step: the two must be alike.
    """
    before = [a.copy() for a in written]
    with undone(written, before):
        return _compared(function, bound, written, before, arena, first)


def _compared(
    function: Callable[[Bound], None],
    bound: Bound,
    written: Sequence[np.ndarray],
    before: list[np.ndarray],
    arena: Arena,
    first: Tape | None,
) -> Watched:
    with recording(Tape(bound)) as tape:
        function(bound)
    after = [a.copy() for a in written]
    first = first or tape
    outcomes = [e.outcome for e in tape.entries if isinstance(e, Stop)]

    def agrees() -> bool:
        restore(written, before)
        # One worker: how a product is cut may change its last bit.
        replay = Program(first, arena, workers=1)
        replay.bind(bound)
        arena.reserve(replay.arena_size)
        arena.poison()
        replay.run(1, outcomes)
        return all(_same_bits(a, b) for a, b in zip(written, after, strict=True))

    fault = tape.unwritten() or first.difference(tape)
    if fault is None and not agrees():
        restore(written, before)
        fault = _first_unrecorded(tape)
    restore(written, after)
    return Watched(tape, before, outcomes, fault)


@contextmanager
def undone(arrays: Sequence[np.ndarray], copies: Sequence[np.ndarray]) -> Iterator[None]:
    """Restore arrays if the block fails: Ctrl-C while kernels are compiled, an error in a layer."""
    try:
        yield
    except BaseException:
        restore(arrays, copies)
        raise


def restore(arrays: Sequence[np.ndarray], copies: Sequence[np.ndarray]) -> None:
    """Copy what was kept back into the arrays."""
    for array, copy in zip(arrays, copies, strict=True):
        array[...] = copy
        changed(array)


def kept(arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Copies of arrays, for :func:`restore`."""
    for array in arrays:
        fetch(array)
    return [array.copy() for array in arrays]


def _same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))


def _first_unrecorded(tape: Tape) -> Fault:
    """The first call whose result differs when nothing but the record is executed."""
    results = [
        e.outcome if isinstance(e, Stop) else [a.copy() for a in tape.written(e)]
        for e in tape.entries
    ]
    for entry in tape.entries:
        for array in tape.written(entry):
            if tape.owns(array) and array.dtype.kind == "f":
                array.fill(np.nan)
    for entry, wanted in zip(tape.entries, results, strict=True):
        got = tape.written(entry)
        if isinstance(entry, Call):
            execute(entry.kernel, tape.arguments(entry))
        else:
            restore(got, wanted)
        if not all(_same_bits(a, b) for a, b in zip(got, wanted, strict=True)):
            return Fault(entry.owner)
    return Fault(None)
