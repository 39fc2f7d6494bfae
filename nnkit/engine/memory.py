"""Where the temporary arrays of a step lie: one arena, shared by arrays that never meet."""

from __future__ import annotations

from bisect import insort

import numpy as np

from nnkit.engine.references import Reference
from nnkit.engine.tape import Tape
from nnkit.kernels._jit import address

__all__ = ["Arena", "plan"]

_LINE = 64  # Bytes of a cache line.


def plan(tape: Tape) -> tuple[dict[int, int], int]:
    """Give every temporary of a tape an offset in an arena.

    Two temporaries may share memory when the last use of one comes before the first of the other.
    The largest is placed first, each at the lowest offset that is free while it lives (greedy by
    size; Pisarchyk and Lee 2020, "Efficient Memory Management for Deep Neural Net Inference").

    Returns
    -------
    offsets : dict of int to int
        Bytes, a multiple of a cache line, for each place of the step's memory that is used.
    size : int
        Bytes of the arena.
    """
    sizes = {place: -(-size // _LINE) * _LINE for place, size in tape.sizes().items()}
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for time, entry in enumerate(tape.entries):
        for reference, _ in entry.references:
            if reference.place in sizes:
                first.setdefault(reference.place, time)
                last[reference.place] = time
    offsets: dict[int, int] = {}
    taken: list[tuple[int, int, int, int]] = []  # Bytes from and to, first use and last.
    for place in sorted(first, key=lambda place: -sizes[place]):
        size, begin, end = sizes[place], first[place], last[place]
        offset = 0
        for start, stop, since, until in taken:
            if since <= end and begin <= until:
                if offset + size <= start:
                    break
                if stop > offset:
                    offset = stop
        offsets[place] = offset
        insort(taken, (offset, offset + size, begin, end))
    return offsets, max((stop for _, stop, _, _ in taken), default=0)


class Arena:
    """Memory that several programs use in turn; it grows to what the largest needs."""

    def __init__(self) -> None:
        self.size = -1
        self.reserve(0)

    def reserve(self, size: int) -> None:
        """Make room; a program notices by ``base`` that the arena has moved."""
        if size <= self.size:
            return
        self.memory = np.zeros(size + _LINE, np.uint8)
        start = address(self.memory)
        self._skip = -start % _LINE
        self.base = start + self._skip
        self.size = size

    def at(self, offset: int, reference: Reference) -> np.ndarray:
        """An array of the tape, whose place begins at an offset."""
        start = self._skip + offset + reference.offset
        # Half as long as Reference.at, which may reach beyond its memory: stops call this often.
        return np.ndarray(reference.shape, reference.dtype, self.memory, start, reference.strides)

    def poison(self, size: int) -> None:
        """Fill so many bytes with NaN: whatever is read there before it is written shows."""
        self.memory[: self._skip + size].fill(0xFF)
