"""A recorded step made ready to be replayed by native code, on one core or several."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from nnkit import config
from nnkit.engine import memory
from nnkit.engine.dispatch import launch
from nnkit.engine.hazards import Hazards
from nnkit.engine.operands import Operands
from nnkit.engine.references import Reference
from nnkit.engine.tape import Call, Stop, Tape
from nnkit.engine.workers import meeting_for, run_together
from nnkit.kernels._jit import address, code_address
from nnkit.kernels.shares import ranges

__all__ = ["MANY_STEPS", "ONE_STEP", "Program", "apart", "choose_workers", "shares"]

# What a worker must have to do, in nanoseconds, to be worth the barriers of a step among many; or
# to be worth being woken for one.
MANY_STEPS = 40_000.0
ONE_STEP = 100_000.0
# Arenas start here in the analysis of hazards, out of the way of real addresses.
_ARENA = 1 << 62
# Bytes of Python's objects, besides the tables: of a program, a stretch, a worker's list, a stop
# and each array that it is called with.
_PROGRAM, _STRETCH, _WORKER, _STOP, _LOCATED = 1000, 1000, 1000, 1000, 500

_Memory = tuple[memory.Arena, dict[int, int], dict[str, np.ndarray]]


def apart(tape: Tape, offsets: dict[int, int]) -> list[int]:
    """An address for each place of a tape; temporaries that have one are in an arena by offsets."""
    return [
        _ARENA + offsets.get(i, 0) if place.kind == "step" else address(place.array)
        for i, place in enumerate(tape.places)
    ]


def choose_workers(tape: Tape, share: float = MANY_STEPS) -> int:
    """How many threads share a step, each with work for ``share`` nanoseconds at least.

    This is a function of shapes and the core count only, never of a timing, so that two
    runs do the same arithmetic. A step with Python stops keeps to one thread, as the others would
    have to be woken after each stop.
    """
    cost = 0.0
    for entry in tape.entries:
        if isinstance(entry, Stop):
            return 1
        if entry.kernel.split:
            cost += entry.kernel.cost(*entry.arguments)
    return max(1, min(config.num_threads(), int(cost / share)))


class Program:
    """The replay of a tape.

    Every worker has its own list of calls: the address of a compiled kernel and the address of its
    operands. A call that can be split does its share of the rows in each worker; one that can't is
    done by the first worker. Where a worker would touch what another has written, or write what
    another reads, all meet at a barrier first.

    If the tape has bound data, :meth:`bind` must say where it lies before the first run.

    Parameters
    ----------
    tape : Tape
    arena : Arena
        Memory for the temporaries.
    workers : int
        Threads.

    Attributes
    ----------
    native : bool
        Whether a replay needs nothing from Python.
    bound : dict of str to numpy.ndarray
        The data that Python stops read.
    nbytes : int
        What it takes, but for the arena.
    """

    def __init__(self, tape: Tape, arena: memory.Arena, workers: int) -> None:
        self.arena, self.workers = arena, workers
        offsets, self.arena_size = memory.plan(tape)
        self.bound: dict[str, np.ndarray] = {}
        self._operands = Operands(tape, offsets)
        addresses = apart(tape, offsets)
        self._parts: list[_Stretch | _Stop] = []
        calls: list[Call] = []
        for entry in (*tape.entries, None):
            if isinstance(entry, Call):
                calls.append(entry)
                continue
            if calls:
                self._parts.append(_Stretch(calls, self._operands, Hazards(addresses, workers)))
                calls = []
            if entry is not None:
                self._parts.append(_Stop(entry, tape, (arena, offsets, self.bound)))
        self._operands.finish()
        natives = [part for part in self._parts if isinstance(part, _Stretch)]
        for stretch in natives:
            stretch.finish(self._operands.words)
        self.native = len(natives) == len(self._parts)
        self._whole = natives[0].run if self.native and natives else None
        self._base = -1
        parts = [self._operands, *self._parts]
        self.nbytes = _PROGRAM + sum(part.nbytes for part in parts)

    def bind(self, arrays: dict[str, np.ndarray]) -> None:
        """Say where bound data lies; only its number of rows may differ from the recorded one.

        The caller keeps the arrays alive while the program runs.
        """
        self._operands.bind(arrays)
        if not self.native:
            self.bound.update(arrays)

    def run(self, steps: int, outcomes: Sequence[Sequence[np.ndarray]] | None = None) -> None:
        """Replay the step so many times. The GIL is released but for Python stops.

        With ``outcomes``, the stops don't run: what they would give is copied from there.
        """
        if self._base != self.arena.base:
            self._settle()
        if self._whole is not None:
            self._whole(steps)
            return
        for _ in range(steps):
            known = None if outcomes is None else iter(outcomes)
            for part in self._parts:
                if isinstance(part, _Stretch):
                    part.run(1)
                elif known is None:
                    part.run()
                else:
                    part.pretend(next(known))

    def replay(
        self,
        bound: dict[str, np.ndarray],
        steps: int,
        meanwhile: Callable[[], None] | None = None,
        outcomes: Sequence[Sequence[np.ndarray]] | None = None,
    ) -> None:
        """Run on these arrays, and let them go; nobody waits meanwhile."""
        self.bind(bound)
        try:
            self.run(steps, outcomes)
        finally:
            self.bound.clear()

    def poison(self) -> None:
        """Let whatever a replay reads before it is written be NaN."""
        self.arena.reserve(self.arena_size)
        self.arena.poison(self.arena_size)

    def _settle(self) -> None:
        """Let temporaries lie where the arena is now."""
        self.arena.reserve(self.arena_size)
        base = self.arena.base
        self._operands.settle(base)
        self._base = base  # Only now: Ctrl-C may have come in between.


class _Stretch:
    """Calls that run natively from the first to the last."""

    def __init__(self, calls: Sequence[Call], operands: Operands, hazards: Hazards) -> None:
        self._workers = [_Worker() for _ in range(hazards.workers)]
        if len(self._workers) > 1:
            self._meeting = len(self._workers), meeting_for(self)
            types, self._barrier_words = launch.barrier.encode(self._meeting)
            self._barrier = code_address(launch.barrier.compiled(types))
        for call in calls:
            code = code_address(call.kernel.compiled(call.types))
            parts = shares(call, hazards.workers)
            if hazards.meet([() if part is None else part.references for part in parts]):
                self._meet(operands)
            for worker, part in zip(self._workers, parts, strict=True):
                if part is not None:
                    worker.calls.append((code, operands.add(part.arguments, part.words)))
        self._meet(operands)  # The next step begins where all have finished this one.

    def _meet(self, operands: Operands) -> None:
        """Add a barrier."""
        if len(self._workers) > 1:
            start = operands.add(self._meeting, self._barrier_words)
            for worker in self._workers:
                worker.calls.append((self._barrier, start))

    def finish(self, words: np.ndarray) -> None:
        """When the words of all calls are known."""
        for worker in self._workers:
            worker.finish(words)
        self.nbytes = _STRETCH + sum(worker.nbytes for worker in self._workers)
        self.run = self._workers[0].run if len(self._workers) == 1 else self._run_together

    def _run_together(self, steps: int) -> None:
        run_together([partial(worker.run, steps) for worker in self._workers])


class _Worker:
    """One thread's list of calls: their code, and where their operands start."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, int]] = []

    def finish(self, words: np.ndarray) -> None:
        """Turn the list into the arrays that native code reads."""
        self._lists = np.array(self.calls, np.int64).T.copy()
        self.nbytes = _WORKER + self._lists.nbytes
        del self.calls
        functions, operands = self._lists
        operands *= words.itemsize
        operands += address(words)
        types, groups = launch.interpret.encode((functions, operands, 1))
        flat = [word for group in groups for word in group]
        self._interpret = launch.interpret.compiled(types)
        self._call = (ctypes.c_int64 * len(flat))(*flat)
        self._call_address = ctypes.addressof(self._call)

    def run(self, steps: int) -> None:
        """Replay the calls so many times."""
        self._call[-1] = steps
        self._interpret(self._call_address)


class _Stop:
    """Python between two stretches, on arrays of the arena."""

    def __init__(self, stop: Stop, tape: Tape, memory: _Memory) -> None:
        self._function = stop.function
        self._inputs = [_locate(r, tape, *memory) for r in stop.inputs]
        self._outputs = [_locate(r, tape, *memory) for r in stop.outputs]
        self.nbytes = _STOP + _LOCATED * (len(self._inputs) + len(self._outputs))

    def run(self) -> None:
        self._function(*[find() for find in (*self._inputs, *self._outputs)])

    def pretend(self, outcome: Sequence[np.ndarray]) -> None:
        for find, result in zip(self._outputs, outcome, strict=True):
            find()[...] = result


def _locate(
    reference: Reference,
    tape: Tape,
    arena: memory.Arena,
    offsets: dict[int, int],
    bound: dict[str, np.ndarray],
) -> Callable[[], np.ndarray]:
    """What finds an array of the tape in each replay."""
    place = tape.places[reference.place]
    if place.kind == "step":
        offset = offsets[reference.place]
        return lambda: arena.at(offset, reference)
    if place.name is None:
        array = tape.array(reference)
        return lambda: array
    name = place.name
    if reference.is_whole(place.array.shape):  # There may be more rows in the next.
        return lambda: bound[name]
    return lambda: reference.at(bound[name])


def shares(call: Call, workers: int) -> list[Call | None]:
    """Each worker's part of a call, None for one that has none."""
    kernel, arguments = call.kernel, call.arguments
    if workers == 1:
        return [call]
    if not kernel.cut or not arguments[kernel.cut[0]].ndim:
        return [call, *[None] * (workers - 1)]
    whole = arguments[kernel.cut[0]]
    row = whole.size // max(len(whole), 1) if kernel.elementwise else 1
    found: list[Call | None] = []
    for begin, end in ranges(len(whole), workers):
        if begin == end:
            found.append(None)
            continue
        mine, words = list(arguments), list(call.words)
        for i in kernel.cut:
            part = mine[i] = arguments[i].rows(begin, end)
            rows = part.size if kernel.elementwise else end - begin
            start = words[i][0] + part.offset - arguments[i].offset
            words[i] = (start, rows, *words[i][2:])
        if "first" in kernel.parameters:
            i = kernel.parameters.index("first")
            mine[i] += begin * row
            words[i] = (mine[i],)
        found.append(Call(kernel, tuple(mine), call.owner, call.types, words))
    return found
