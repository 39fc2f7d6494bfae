"""What a step did: the list of kernel calls that a recording leaves behind."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np

from nnkit.kernels._jit import Kernel, address

__all__ = ["Call", "Fault", "Stop", "Tape"]


@dataclass(frozen=True)
class Fault:
    """Somebody did work in a step that a replay would not repeat; ``owner`` is who, if known."""

    owner: Any


@dataclass(frozen=True)
class Call:
    """One kernel call, on the arrays of the recorded step."""

    kernel: Kernel
    arguments: tuple[Any, ...]
    owner: Any

    def arrays(self) -> Iterator[tuple[np.ndarray, bool]]:
        """Every array among the arguments, and whether it is written."""
        for name, argument in zip(self.kernel.parameters, self.arguments, strict=True):
            if isinstance(argument, np.ndarray):
                yield argument, self.kernel.writes(name)


@dataclass(frozen=True)
class Stop:
    """Python code that runs between two native stretches: ``function(*inputs, *outputs)``.

    ``keeps`` are arrays that must stay untouched up to here, because the code remembers them;
    ``outcome`` is what it left in the outputs when it was recorded.
    """

    function: Callable[..., None]
    inputs: tuple[np.ndarray, ...]
    outputs: tuple[np.ndarray, ...]
    keeps: tuple[np.ndarray, ...]
    owner: Any
    outcome: list[np.ndarray]

    def arrays(self) -> Iterator[tuple[np.ndarray, bool]]:
        """Every array it touches, and whether it is written."""
        for array in (*self.inputs, *self.keeps):
            yield array, False
        for array in self.outputs:
            yield array, True


class Tape:
    """The calls of one step in order, and the temporary arrays made for it.

    Parameters
    ----------
    bound : dict of str to numpy.ndarray
        Arrays that another replay may replace by others of the same type and row shape: the data
        of a ``fit``, its permutation, the output of a ``predict``. Kernels get them whole.
    """

    def __init__(self, bound: dict[str, np.ndarray]) -> None:
        self.entries: list[Call | Stop] = []
        self.bound = {id(array): name for name, array in bound.items()}
        self._alive = list(bound.values())  # Or another array could get the id of one of them.
        self.owner: Any = None
        self._temporaries: list[np.ndarray] = []
        self._makers: dict[int, Any] = {}
        self._starts: list[int] = []
        self._sorted: list[np.ndarray] = []

    def own(self, array: np.ndarray) -> None:
        """Adopt a temporary array; a replay gives it a place in the arena."""
        self._temporaries.append(array)
        self._makers[id(array)] = self.owner

    def call(self, kernel: Kernel, arguments: tuple[Any, ...]) -> None:
        """Add a kernel call."""
        self.entries.append(Call(kernel, arguments, self.owner))

    def stop(
        self,
        function: Callable[..., None],
        inputs: tuple[np.ndarray, ...],
        outputs: tuple[np.ndarray, ...],
        keeps: tuple[np.ndarray, ...] = (),
    ) -> None:
        """Add a piece of Python that has just run."""
        outcome = [a.copy() for a in outputs]  # Later in the step they may change again.
        self.entries.append(Stop(function, inputs, outputs, keeps, self.owner, outcome))

    def release(self) -> None:
        """Make whoever worked in the step forget its temporaries; a replay has its own."""
        for owner in {id(e.owner): e.owner for e in self.entries if e.owner is not None}.values():
            for name, value in list(vars(owner).items()):
                if isinstance(value, np.ndarray) and self.temporary(value) is not None:
                    vars(owner).pop(name, None)

    def temporary(self, array: np.ndarray) -> tuple[int, int] | None:
        """Which temporary an array lies in, and at which byte; None if it is none of them."""
        if len(self._sorted) != len(self._temporaries):
            self._sorted = sorted(self._temporaries, key=address)
            self._starts = [address(a) for a in self._sorted]
        start = address(array)
        i = bisect_right(self._starts, start) - 1
        if i < 0 or start >= self._starts[i] + max(self._sorted[i].nbytes, 1):
            return None
        return i, start - self._starts[i]

    def temporary_sizes(self) -> list[int]:
        """Bytes of each temporary, by the index that :meth:`temporary` gives."""
        self.temporary(np.empty(0))
        return [a.nbytes for a in self._sorted]

    def unwritten(self) -> Fault | None:
        """Memory of the step that is read before a call has written it: Python must have."""
        written: set[int] = set()
        for entry in self.entries:
            places = [(self.temporary(array), writes) for array, writes in entry.arrays()]
            for place, writes in places:
                if place and not writes and place[0] not in written:
                    return Fault(self._makers[id(self._sorted[place[0]])])
            written |= {place[0] for place, writes in places if place and writes}
        return None

    def difference(self, other: Tape) -> Fault | None:
        """The first call that two recordings of one step don't share.

        A number that changed, or an array made anew outside the step's memory, means that some
        layer computed in Python what a replay would not compute again.
        """
        for mine, theirs in zip_longest(self.entries, other.entries):
            if mine is None or theirs is None:
                return Fault((mine or theirs).owner)
            if type(mine) is not type(theirs) or mine.owner is not theirs.owner:
                return Fault(mine.owner)
            if isinstance(mine, Call) and isinstance(theirs, Call):
                if mine.kernel is not theirs.kernel:
                    return Fault(mine.owner)
                pairs = zip(mine.arguments, theirs.arguments, strict=True)
                if not all(self._same(a, other, b) for a, b in pairs):
                    return Fault(mine.owner)
        return None

    def _same(self, mine: Any, other: Tape, theirs: Any) -> bool:
        if not isinstance(mine, np.ndarray) or not isinstance(theirs, np.ndarray):
            return bool(mine == theirs)
        name = self.bound.get(id(mine))
        if mine.dtype != theirs.dtype or name != other.bound.get(id(theirs)):
            return False
        if name is not None:  # The next data may have more rows or fewer.
            return mine.shape[1:] == theirs.shape[1:]
        if mine.shape != theirs.shape:
            return False
        return self.temporary(mine) is not None or address(mine) == address(theirs)
