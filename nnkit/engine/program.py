"""A recorded step made ready to be replayed by native code, on one core or several."""

from __future__ import annotations

import ctypes
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from nnkit import config
from nnkit.engine import memory
from nnkit.engine.device import launch
from nnkit.engine.tape import Call, Stop, Tape
from nnkit.engine.workers import run_together
from nnkit.kernels._jit import Kernel, address, code_address

__all__ = ["MANY_STEPS", "ONE_STEP", "Program", "choose_workers"]

# What a worker must have to do, in nanoseconds, to be worth the barriers of a step among many; or
# to be worth being woken for one.
MANY_STEPS = 40_000.0
ONE_STEP = 100_000.0
# Arenas start here in the analysis of hazards, out of the way of real addresses.
_ARENA = 1 << 62

Interval = tuple[int, int]


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

    Parameters
    ----------
    tape : Tape
    arena : Arena
        Memory for the temporaries.
    workers : int
        Threads.
    """

    def __init__(self, tape: Tape, arena: memory.Arena, workers: int) -> None:
        self.arena, self.workers = arena, workers
        self._tape: Tape | None = tape
        self._offsets, self.arena_size = memory.plan(tape)
        # The operands point into these; temporaries of the recorded step are not needed any more.
        self._lasting = [
            a for e in tape.entries for a, _ in e.arrays() if tape.temporary(a) is None
        ]
        self._meeting = np.zeros(16, np.int64)
        self._stretches: list[_Stretch | _Stop] = []
        calls: list[Call] = []
        for entry in tape.entries:
            if isinstance(entry, Call):
                calls.append(entry)
                continue
            self._stretches += [_Stretch(self, calls), _Stop(self, entry)]
            calls = []
        self._stretches.append(_Stretch(self, calls))
        self._stretches = [s for s in self._stretches if isinstance(s, _Stop) or s.calls]
        # Whether a replay needs nothing from Python.
        natives = [s for s in self._stretches if isinstance(s, _Stretch)]
        self.native = len(natives) == len(self._stretches)
        self._whole = natives[0] if self.native and natives else None
        for stretch in natives:
            stretch.calls = []
        self._tape = None
        self._base = -1

    def bind(self, arrays: dict[str, np.ndarray]) -> None:
        """Replace bound arrays; only their number of rows may differ from the recorded ones."""
        for stretch in self._stretches:
            if isinstance(stretch, _Stretch):
                stretch.bind(arrays)

    def places(self, array: np.ndarray) -> list[tuple[np.ndarray, int, int]]:
        """Where a lasting array is named, so that one like it may take its place.

        Returns
        -------
        list of (words, index, offset)
            ``words[index]`` is ``offset`` bytes beyond the array's address.
        """
        begin = address(array)
        workers = [w for s in self._stretches if isinstance(s, _Stretch) for w in s.workers]
        return [
            (worker.words, at, int(worker.words[at]) - begin)
            for worker in workers
            for at in worker.lasting
            if begin <= worker.words[at] < begin + array.nbytes
        ]

    def run(self, steps: int, outcomes: Sequence[Sequence[np.ndarray]] | None = None) -> None:
        """Replay the step so many times. The GIL is released but for Python stops.

        With ``outcomes``, the stops don't run: what they would give is copied from there.
        """
        if self._base != self.arena.base or self.arena.size < self.arena_size:
            self._settle()
        if self._whole is not None:
            self._whole.run(steps)
            return
        for _ in range(steps):
            known = None if outcomes is None else iter(outcomes)
            for stretch in self._stretches:
                if isinstance(stretch, _Stretch):
                    stretch.run(1)
                elif known is None:
                    stretch.run()
                else:
                    stretch.pretend(next(known))

    def replay(
        self, bound: dict[str, np.ndarray], steps: int, meanwhile: Callable[[], None] | None = None
    ) -> None:
        """Replay the step so many times on these arrays; nobody waits meanwhile."""
        self.bind(bound)
        self.run(steps)

    def poison(self) -> None:
        """Let whatever a replay reads before it is written be NaN."""
        self.arena.reserve(self.arena_size)
        self.arena.poison(self.arena_size)

    def _settle(self) -> None:
        """Let temporaries lie where the arena is now."""
        self.arena.reserve(self.arena_size)
        base = self.arena.base
        for stretch in self._stretches:
            if isinstance(stretch, _Stretch):
                stretch.move(base)
        self._base = base  # Only now: Ctrl-C may have come in between.

    def place(self, array: np.ndarray) -> int | None:
        """Offset in the arena of an array of the tape, None if it is not a temporary."""
        found = self._tape.temporary(array) if self._tape else None
        return None if found is None else self._offsets[found[0]] + found[1]

    def bound_name(self, array: np.ndarray) -> str | None:
        """The name under which an array was bound."""
        return self._tape.bound.get(id(array)) if self._tape else None


class _Stop:
    """Python between two stretches, on arrays of the arena."""

    def __init__(self, program: Program, stop: Stop) -> None:
        self.arena, self.function = program.arena, stop.function
        self._inputs = [self._form(program, a) for a in stop.inputs]
        self._outputs = [self._form(program, a) for a in stop.outputs]

    @staticmethod
    def _form(program: Program, array: np.ndarray) -> Any:
        """Where a temporary lies, its shape and type; or an array that lasts."""
        offset = program.place(array)
        return array if offset is None else (offset, array.shape, array.dtype)

    def run(self) -> None:
        self.function(*map(self._located, self._inputs), *map(self._located, self._outputs))

    def pretend(self, outcome: Sequence[np.ndarray]) -> None:
        for form, result in zip(self._outputs, outcome, strict=True):
            self._located(form)[...] = result

    def _located(self, form: Any) -> np.ndarray:
        return form if isinstance(form, np.ndarray) else self.arena.at(*form)


class _Stretch:
    """Calls that run natively from the first to the last."""

    def __init__(self, program: Program, calls: list[Call]) -> None:
        self.calls = calls
        self.workers = [_Worker(program, w) for w in range(program.workers)]
        hazards = _Hazards(program)
        for call in calls:
            shares = [w.share(call) for w in self.workers]
            if hazards.meet(call.kernel, shares):
                self._barrier(program)
            for worker, share in zip(self.workers, shares, strict=True):
                if share is not None:
                    worker.add(call.kernel, share)
        self._barrier(program)  # The next step begins where all have finished this one.
        for worker in self.workers:
            worker.finish()

    def _barrier(self, program: Program) -> None:
        if program.workers > 1:
            for worker in self.workers:
                worker.add(launch.barrier, (program.workers, program._meeting))

    def bind(self, arrays: dict[str, np.ndarray]) -> None:
        for worker in self.workers:
            worker.bind(arrays)

    def move(self, base: int) -> None:
        for worker in self.workers:
            worker.move(base)

    def run(self, steps: int) -> None:
        if len(self.workers) == 1:
            self.workers[0].run(steps)
        else:
            run_together([partial(worker.run, steps) for worker in self.workers])


class _Worker:
    """One thread's list of calls."""

    def __init__(self, program: Program, index: int) -> None:
        self.program, self.index = program, index
        self._functions: list[int] = []
        self._starts: list[int] = []
        self._words: list[int] = []
        self._arena: list[tuple[int, int]] = []
        self._bound: list[tuple[int, str]] = []
        self.lasting: list[int] = []

    def share(self, call: Call) -> tuple[Any, ...] | None:
        """This worker's part of a call's arguments, None if it has none."""
        kernel, arguments, workers = call.kernel, call.arguments, self.program.workers
        if workers == 1:
            return arguments
        named = dict(zip(kernel.parameters, arguments, strict=True))
        if not kernel.split:
            return arguments if self.index == 0 else None
        split = {n: a for n, a in named.items() if n in kernel.split}
        array = next(iter(split.values()))
        if not array.ndim:
            return arguments if self.index == 0 else None
        begin, end = _bounds(array.shape[0], self.index, workers)
        if begin == end:
            return None
        named |= {n: a[begin:end] for n, a in split.items()}
        if "first" in named:
            row = array[0].size if kernel.elementwise else 1
            named["first"] += begin * row
        return tuple(named.values())

    def add(self, kernel: Kernel, arguments: Sequence[Any]) -> None:
        """Append a call."""
        types, words = kernel.encode(arguments)
        self._functions.append(code_address(kernel.compiled(types)))
        self._starts.append(len(self._words))
        for argument, group in zip(arguments, words, strict=True):
            if isinstance(argument, np.ndarray):
                offset = self.program.place(argument)
                name = self.program.bound_name(argument)
                if offset is not None:
                    self._arena.append((len(self._words), offset))
                elif name is not None:
                    self._bound.append((len(self._words), name))
                else:
                    self.lasting.append(len(self._words))
            self._words += group

    def finish(self) -> None:
        """Turn the lists into the arrays that native code reads."""
        self.words = np.array(self._words, np.int64)
        self._functions_array = np.array(self._functions, np.int64)
        self._operands = address(self.words) + 8 * np.array(self._starts, np.int64)
        arguments = (self._functions_array, self._operands, 1)
        types, words = launch.interpret.encode(arguments)
        flat = [word for group in words for word in group]
        self._interpret = launch.interpret.compiled(types)
        self._call = (ctypes.c_int64 * len(flat))(*flat)
        self._call_address = ctypes.addressof(self._call)
        self._arena_at = np.array([at for at, _ in self._arena], np.int64)
        self._arena_offsets = np.array([offset for _, offset in self._arena], np.int64)

    def bind(self, arrays: dict[str, np.ndarray]) -> None:
        for at, name in self._bound:
            array = arrays[name]
            self.words[at] = address(array)
            self.words[at + 1] = array.shape[0]

    def move(self, base: int) -> None:
        self.words[self._arena_at] = base + self._arena_offsets

    def run(self, steps: int) -> None:
        """Replay the calls so many times."""
        self._call[-1] = steps
        self._interpret(self._call_address)


class _Hazards:
    """Finds where one worker must wait for another, from the bytes that each touches."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._forget()

    def _forget(self) -> None:
        """All have met: what was touched before doesn't matter any more."""
        self._read = [_Ranges() for _ in range(self.program.workers)]
        self._written = [_Ranges() for _ in range(self.program.workers)]

    def meet(self, kernel: Kernel, shares: Sequence[tuple[Any, ...] | None]) -> bool:
        """Whether the workers must meet before this call."""
        if self.program.workers == 1:
            return False
        now = [
            (worker, *self._bytes(array), kernel.writes(name))
            for worker, share in enumerate(shares)
            if share is not None
            for name, array in zip(kernel.parameters, share, strict=True)
            if isinstance(array, np.ndarray)
        ]
        clash = any(
            self._written[other].meet(begin, end) or (writes and self._read[other].meet(begin, end))
            for worker, begin, end, writes in now
            for other in range(self.program.workers)
            if other != worker
        )
        if clash:
            self._forget()
        for worker, begin, end, writes in now:
            (self._written if writes else self._read)[worker].add(begin, end)
        return clash

    def _bytes(self, array: np.ndarray) -> Interval:
        offset = self.program.place(array)
        start = address(array) if offset is None else _ARENA + offset
        steps = [(n - 1) * s for n, s in zip(array.shape, array.strides, strict=True)]
        before, after = sum(s for s in steps if s < 0), sum(s for s in steps if s > 0)
        return start + before, start + after + array.itemsize


class _Ranges:
    """Bytes, as ranges in ascending order that don't touch: a long step touches many."""

    def __init__(self) -> None:
        self._begins: list[int] = []
        self._ends: list[int] = []

    def meet(self, begin: int, end: int) -> bool:
        """Whether some byte is in the range given."""
        first = bisect_right(self._ends, begin)
        return first < len(self._begins) and self._begins[first] < end

    def add(self, begin: int, end: int) -> None:
        """Add a range; it becomes one with those that it touches."""
        first, last = bisect_left(self._ends, begin), bisect_right(self._begins, end)
        if first < last:
            begin, end = min(begin, self._begins[first]), max(end, self._ends[last - 1])
        self._begins[first:last], self._ends[first:last] = [begin], [end]


def _bounds(rows: int, worker: int, workers: int) -> Interval:
    """The rows of one worker; long vectors are cut at cache lines."""
    unit = 64 if rows >= 1024 else 1
    cuts = [min(rows, -(-rows * w // workers // unit) * unit) for w in range(workers + 1)]
    cuts[workers] = rows
    return cuts[worker], cuts[worker + 1]
