"""Where workers that share a step must wait for each other."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from nnkit.engine.references import Reference

__all__ = ["Hazards", "Ranges"]


class Hazards:
    """Finds where one worker must wait for another, from the bytes that each touches.

    Parameters
    ----------
    bases : sequence of int
        Where each place of the tape begins; no two pieces of memory at the same address.
    workers : int

    Attributes
    ----------
    workers : int
    """

    def __init__(self, bases: Sequence[int], workers: int) -> None:
        self._bases, self.workers = bases, workers
        self._forget()

    def _forget(self) -> None:
        """All have met: what was touched before doesn't matter any more."""
        self._read = [Ranges() for _ in range(self.workers)]
        self._written = [Ranges() for _ in range(self.workers)]

    def meet(self, touched: Sequence[Iterable[tuple[Reference, bool]]]) -> bool:
        """Whether the workers must meet before a call.

        Parameters
        ----------
        touched : sequence of iterable of (Reference, bool)
            For each worker, the arrays of its share, and whether it writes them.
        """
        if self.workers == 1:
            return False
        clash, now = False, []
        for worker, share in enumerate(touched):
            for reference, writes in share:
                base, (begin, end) = self._bases[reference.place], reference.extent()
                now.append((worker, base + begin, base + end, writes))
                clash = clash or self._clash(*now[-1])
        if clash:
            self._forget()
        for worker, begin, end, writes in now:
            (self._written if writes else self._read)[worker].add(begin, end)
        return clash

    def _clash(self, worker: int, begin: int, end: int, writes: bool) -> bool:
        """Whether another worker has written these bytes, or read what is to be written."""
        for other in range(self.workers):
            if other != worker and (
                self._written[other].meet(begin, end)
                or (writes and self._read[other].meet(begin, end))
            ):
                return True
        return False


class Ranges:
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
