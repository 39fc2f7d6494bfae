"""A step that runs in Python twice, and natively from then on; the steps of one model."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from nnkit import config
from nnkit.engine.copies import Copies, restore, same_bits
from nnkit.engine.cpu import CPU
from nnkit.engine.device import Bound, Device, Window
from nnkit.engine.devices import current
from nnkit.engine.dispatch import recording
from nnkit.engine.garbage import uncollected
from nnkit.engine.mirrors import writing
from nnkit.engine.program import MANY_STEPS, Program
from nnkit.engine.tape import Call, Fault, Stop, Tape
from nnkit.interrupts import deferred

__all__ = ["Bound", "Records", "Step", "Window"]

_log = logging.getLogger("nnkit")

# Bytes of a step by itself, its key and its function.
_STEP = 2000


class Records:
    """Recorded steps by what they depend on. They run in turn.

    They take no more memory than :func:`nnkit.config.record_memory` says: the longest unused is
    dropped first, the one in use never.

    Parameters
    ----------
    state : sequence of numpy.ndarray
        Every array that a step changes and the next one needs.
    python : callable
        ``python()`` is held while a step runs in Python, where layers keep its arrays on
        themselves.
    blame : callable
        ``blame(owner)`` is called with the part of the model whose work a record can't repeat.
        It returns True if the step may be recorded again (that part will run as a Python stop),
        False if it must stay in Python.
    share : float
        See :func:`nnkit.engine.program.choose_workers`.

    Attributes
    ----------
    nbytes : int
        What the steps take. Their arena is not counted: they have it in common, and it is as large
        as the largest needs.
    before, after : Copies
        Memory for copies of the state, before a step and after it.
    """

    def __init__(
        self,
        state: Sequence[np.ndarray],
        python: Callable[[], AbstractContextManager[Any]],
        blame: Callable[[Any], bool],
        share: float = MANY_STEPS,
    ) -> None:
        self.state, self.python, self.blame, self.share = state, python, blame, share
        self.nbytes = 0
        self.before, self.after = Copies(), Copies()
        self._steps: dict[tuple[Any, ...], Step] = {}
        self._arenas: dict[Device, Any] = {}

    def step(
        self,
        key: tuple[Any, ...],
        window: Window,
        eager: bool,
        make: Callable[[], Callable[[Window, Bound], None]],
    ) -> Step:
        """The step for a key on the device in use; made if there is none.

        Parameters
        ----------
        key : tuple
            What it depends on, besides the device and the rows.
        window : Window
        eager : bool
            It runs in Python each time.
        make : callable
            ``make()`` gives the function of a new :class:`Step`.
        """
        device = current()
        key = (*device.key, window.size, window.stride, *key)
        step = self._steps.pop(key, None)
        if step is not None:
            self._steps[key] = step  # Those used last are the last.
            return step
        step = self._steps[key] = Step(make(), self, window, device, eager)
        self.count(step.nbytes)
        return step

    def count(self, nbytes: int) -> None:
        """Add what the step in use takes in addition; others are dropped for it."""
        self.nbytes += nbytes
        most = config.record_memory() * 1e6
        while self.nbytes > most and len(self._steps) > 1:
            self.nbytes -= self._steps.pop(next(iter(self._steps))).nbytes

    def arena(self, device: Device) -> Any:
        """The memory on a device that the steps have in common."""
        if device not in self._arenas:
            self._arenas[device] = device.arena()
        return self._arenas[device]


class Step:
    """One step of training, evaluation or prediction, repeated on the device in use.

    For the first two repetitions the Python function runs and is recorded. One worker replays the
    first record from the same state: both must leave the same bits. Then the device's program
    replays it, and that counts, so that the first step after a resume has the bits of any other.
    From then on there are only replays.

    Parameters
    ----------
    function : callable
        ``function(window, bound)`` does one step by launching kernels. It finds its batch by
        counters that are arrays, so that doing it again does the next batch.
    records : Records
        What it has in common with the model's other steps.
    window : Window
        The rows of the data that it reads.
    device : Device
    eager : bool
        Never record.

    Attributes
    ----------
    checked : bool
        Whether Python and replay have been found to agree, so that from now on it is replayed.
    nbytes : int
        What it takes, on the host and on the device, but for the arena.
    """

    def __init__(
        self,
        function: Callable[[Window, Bound], None],
        records: Records,
        window: Window,
        device: Device,
        eager: bool = False,
    ) -> None:
        self.function, self.window, self.device = function, window, device
        self.records, self.state, self.nbytes = records, records.state, _STEP
        self.eager = self.checked = False
        self._lasting = self.state  # And what else it writes that outlives it, once it is recorded.
        self._first: Tape | None = None  # The first record, until there is a second,
        self._single: Any = None  # and one worker's program of it.
        self._program: Any = None
        if eager:
            self._stay_in_python("run_eagerly=True")

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
        self.device.take(self._lasting)
        if not self.checked and not self.eager:
            with uncollected():
                while steps and not self.checked and not self.eager:
                    steps -= self._record(bound)
                    self._count()
        if not steps:
            return
        if self.eager:
            self._run_in_python(bound, steps)
        elif self._program.native:
            self._program.replay(bound, steps, meanwhile)
        else:
            with deferred(), self.device.in_python(self.records.python):
                self._program.replay(bound, steps, meanwhile)

    def _run_in_python(self, bound: Bound, steps: int) -> None:
        """What no record can repeat."""
        with self.device.brought(bound, self.window) as data:
            for array in self.state:
                writing(array)
            for _ in range(steps):
                with deferred(), self.device.in_python(self.records.python), recording(None):
                    self.function(self.window, data)

    def _stay_in_python(self, reason: str) -> None:
        self.eager = True
        if not self.device.on_host:
            _log.warning("the steps of this model run in Python, on the CPU: %s", reason)

    # ----------------------------------------------------------------------- recorded and checked

    def _count(self) -> None:
        """See what it takes now."""
        parts = {id(part): part for part in (self._first, self._single, self._program) if part}
        before, self.nbytes = self.nbytes, _STEP + 8 * len(self._lasting)
        self.nbytes += sum(part.nbytes for part in parts.values())
        self.records.count(self.nbytes - before)

    def _record(self, bound: Bound) -> int:
        """One step in Python, written down, then done by what was written; 1 if it counts."""
        counts, second = self.device.on_host, self._first is not None
        with (
            deferred(),
            self.device.in_python(self.records.python),
            self.device.sample(bound, self.window, second) as rows,
        ):
            changed = [*self.state, *(rows[name] for name in self.window.results)]
            before = self.records.before.of(changed)
            try:
                with recording(Tape(rows)) as tape:
                    self.function(self.window, rows)
                fault = self._fault(tape, rows, changed, before)
                if fault is None and (counts or second):
                    self._make_program(tape, rows, changed, before)
                if not counts:
                    restore(changed, before)
            except BaseException:  # Ctrl-C while kernels are compiled, an error in a layer.
                restore(changed, before)
                self._first = self._single = self._program = None
                raise
            places = [p.array for p in tape.places if p.kind == "lasting"]
            self._lasting = [*self.state, *places]
            self.checked = second and fault is None
            self._first = None if second or fault is not None else tape
            if self._first is None:
                self._single = None
            if fault is not None:
                self._program = None
                if not self.records.blame(fault.owner):
                    self._stay_in_python("it can't be recorded")
            tape.release()
        return int(counts)

    def _fault(
        self, tape: Tape, rows: Bound, changed: Sequence[np.ndarray], before: Sequence[np.ndarray]
    ) -> Fault | None:
        """Who did work in the step that is not on the tape. All is left as Python left it."""
        first = self._first or tape
        fault = tape.unwritten() or (None if first is tape else first.difference(tape))
        if fault is not None:
            return fault
        after = self.records.after.of(changed)
        restore(changed, before)
        if self._single is None:  # One worker: how a product is cut may change its last bit.
            self._single = Program(first, self.records.arena(CPU), workers=1)
        self._single.poison()
        self._single.replay(rows, 1, outcomes=_outcomes(tape))
        if all(map(same_bits, changed, after)):
            return None
        restore(changed, before)
        fault = _first_unrecorded(tape)
        restore(changed, after)
        return fault

    def _make_program(
        self, tape: Tape, rows: Bound, changed: Sequence[np.ndarray], before: Sequence[np.ndarray]
    ) -> None:
        """Make the device's program of the step; where the step counts, all workers do it again."""
        if self._program is None:
            arena, share = self.records.arena(self.device), self.records.share
            self._program = self.device.program(tape, self._single, arena, share, self.window)
        if self.device.on_host and self._program is not self._single:
            restore(changed, before)
            self._program.replay(rows, 1, outcomes=_outcomes(tape))


def _outcomes(tape: Tape) -> list[list[np.ndarray]]:
    """What each Python stop gave."""
    return [entry.outcome for entry in tape.entries if isinstance(entry, Stop)]


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
            entry.kernel(*tape.arguments(entry))
        else:
            restore(got, wanted)
        if not all(same_bits(a, b) for a, b in zip(got, wanted, strict=True)):
            return Fault(entry.owner)
    return Fault(None)
