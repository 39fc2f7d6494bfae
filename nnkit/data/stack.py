"""Stack: batches of one form, copied one after the other into the same memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit.data.arrays import Arrays

__all__ = ["Stack"]

# The most that one stack holds: enough for native calls that are worth it, little enough to wait
# for, and for three of them to be in memory at once.
_BATCHES, _BYTES = 64, 32 << 20


class Stack:
    """Batches that native code can do in one call: equal shapes and types, only the last smaller.

    Parameters
    ----------
    batch : Arrays
        The first one, of arrays of equal lengths. All are copied: a generator may use its arrays
        again.
    first : int
        Its number in the epoch.
    used : Stack, optional
        One that nobody needs any more; its memory is taken if it fits.

    Attributes
    ----------
    stride : int
        Rows of a full batch.
    batches, rows : int
        How many there are.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> stack = Stack(nnkit.data.Arrays([np.zeros((4, 2))]), 0)
    >>> [stack.add(nnkit.data.Arrays([np.ones((n, 2))])) for n in (4, 3, 4)]
    [True, True, False]
    >>> stack.arrays().x[0].shape
    (11, 2)
    """

    def __init__(self, batch: Arrays, first: int, used: Stack | None = None) -> None:
        self.first, self.stride = first, len(batch)
        self.batches = self.rows = 0
        given = _listed(batch)
        self._form = _form(given)
        size = sum(a.nbytes for a in given if a is not None)
        self._most = max(1, min(_BATCHES, _BYTES // max(1, size)))
        self._memory: list[np.ndarray | None]
        if used is not None and (used._form, used.stride) == (self._form, self.stride):
            self._memory = used._memory
        else:
            rows = self._most * self.stride
            self._memory = [
                None if a is None else np.empty((rows, *a.shape[1:]), a.dtype) for a in given
            ]
        self._counts = len(batch.x), len(batch.y)
        self.add(batch)

    def add(self, batch: Arrays) -> bool:
        """Add a batch if there is room for it, and it has the form of the first one."""
        given, rows = _listed(batch), len(batch)
        whole = self.batches < self._most and self.rows == self.batches * self.stride
        if not whole or rows > self.stride or _form(given) != self._form:
            return False
        for memory, array in zip(self._memory, given, strict=True):
            if memory is not None and array is not None:
                memory[self.rows : self.rows + rows] = array
        self.rows += rows
        self.batches += 1
        return True

    def cut(self, batches: int) -> None:
        """Drop all but the first batches."""
        self.batches, self.rows = batches, min(self.rows, batches * self.stride)

    def arrays(self, batch: int | None = None) -> Arrays:
        """What the batches consist of, as views; or one of them, by its index."""
        start, stop = 0, self.rows
        if batch is not None:
            start, stop = batch * self.stride, min((batch + 1) * self.stride, self.rows)
        views = [None if memory is None else memory[start:stop] for memory in self._memory]
        x, y = self._counts
        return Arrays(views[:x], views[x : x + y], views[x + y :])


def _listed(batch: Arrays) -> list[np.ndarray | None]:
    return [*batch.x, *batch.y, *batch.weight]


def _form(given: Sequence[np.ndarray | None]) -> list[Any]:
    return [None if a is None else (a.shape[1:], a.dtype) for a in given]
