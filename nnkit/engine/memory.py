"""Where the temporary arrays of a step lie: one arena, shared by arrays that never meet."""

from __future__ import annotations

import math

import numpy as np

from nnkit.engine.tape import Tape
from nnkit.kernels._jit import address

__all__ = ["Arena", "plan"]

_LINE = 64  # Bytes of a cache line.


def plan(tape: Tape) -> tuple[list[int], int]:
    """Give every temporary of a tape an offset in an arena.

    Two temporaries may share memory when the last use of one comes before the first of the other.
    The largest is placed first, each at the lowest offset that is free while it lives (greedy by
    size; Pisarchyk and Lee 2020, "Efficient Memory Management for Deep Neural Net Inference").

    Returns
    -------
    offsets : list of int
        Bytes, by the index that :meth:`~nnkit.engine.tape.Tape.temporary` gives; multiples of a
        cache line.
    size : int
        Bytes of the arena.
    """
    sizes = [-(-size // _LINE) * _LINE for size in tape.temporary_sizes()]
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for time, entry in enumerate(tape.entries):
        for array, _ in entry.arrays():
            found = tape.temporary(array)
            if found is not None:
                first.setdefault(found[0], time)
                last[found[0]] = time
    offsets = [0] * len(sizes)
    placed: list[int] = []
    for index in sorted(first, key=lambda i: -sizes[i]):
        alive = [p for p in placed if first[p] <= last[index] and first[index] <= last[p]]
        offset = 0
        for other in sorted(alive, key=lambda p: offsets[p]):
            if offset + sizes[index] <= offsets[other]:
                break
            offset = max(offset, offsets[other] + sizes[other])
        offsets[index] = offset
        placed.append(index)
    return offsets, max((offsets[i] + sizes[i] for i in placed), default=0)


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

    def at(self, offset: int, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """An array in the arena."""
        start = self._skip + offset
        size = math.prod(shape) * dtype.itemsize
        return self.memory[start : start + size].view(dtype).reshape(shape)

    def poison(self, size: int) -> None:
        """Fill so many bytes with NaN: whatever is read there before it is written shows."""
        self.memory[: self._skip + size].fill(0xFF)
