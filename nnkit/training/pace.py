"""How many batches one native call does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

from nnkit.training.steps import MOST_STEPS

__all__ = ["Batches", "Pace"]

# Python wakes up about this often during an epoch, to move the bar and to look for Ctrl-C.
_WAKE_SECONDS = 0.1


class Batches(NamedTuple):
    """Batches of one native call.

    Attributes
    ----------
    first : int
        Number of the first in the epoch.
    size : int
        Rows of each.
    steps : int
        How many.
    """

    first: int
    size: int
    steps: int

    @property
    def end(self) -> int:
        """Batches of the epoch that are done after them."""
        return self.first + self.steps


class Pace:
    """Calls that grow until one takes as long as Python may sleep; that changes no result."""

    def __init__(self) -> None:
        self._most = 1

    def chunks(self, n: int, stride: int, single: bool) -> Iterator[Batches]:
        """The native calls of an epoch.

        Parameters
        ----------
        n : int
            Rows of the data.
        stride : int
            Rows of a full batch.
        single : bool
            One batch a call, because somebody looks at each.
        """
        full, rest = divmod(n, stride)
        first = 0
        while first < full:
            steps = 1 if single else min(self._most, full - first)
            started = time.perf_counter()
            yield Batches(first, stride, steps)
            elapsed = time.perf_counter() - started
            first += steps
            if steps == self._most:
                wanted = int(_WAKE_SECONDS * steps / max(elapsed, 1e-9))
                self._most = max(1, min(4 * self._most, wanted, MOST_STEPS))
        if rest:
            yield Batches(full, rest, 1)
