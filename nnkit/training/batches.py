"""Batches, Pace and Orders: the division of an epoch into native calls, and its order of rows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from nnkit.training.steps import MOST_STEPS

__all__ = ["Batches", "Orders", "Pace"]

# The interval at which Python updates the progress bar and checks for Ctrl-C during an epoch.
_WAKE_SECONDS = 0.1


class Batches(NamedTuple):
    """The batches of one native call.

    Attributes
    ----------
    first : int
        Index of the first batch in the epoch.
    size : int
        Rows of each batch.
    steps : int
        The number of batches.
    """

    first: int
    size: int
    steps: int

    @property
    def end(self) -> int:
        """The number of batches of the epoch that are done after this call."""
        return self.first + self.steps


class Pace:
    """Native calls that grow until one takes as long as Python may wait; results don't change."""

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
            Whether each call does one batch, because a callback has a hook for batches.
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


class Orders:
    """The order of the samples in each epoch, a function of a seed and the epoch only.

    Parameters
    ----------
    seed : int
    size : int
        The number of samples.
    shuffle : bool
        If False, samples are always in their original order.
    """

    def __init__(self, seed: int, size: int, shuffle: bool) -> None:
        self.seed, self.size, self.shuffle = seed, size, shuffle
        self._prepared: tuple[int, np.ndarray] = -1, np.arange(size)

    def prepare(self, epoch: int) -> None:
        """Make the order of an epoch in advance, while a device computes."""
        if self.shuffle and self._prepared[0] != epoch:
            order = np.random.default_rng([self.seed, epoch]).permutation(self.size)
            self._prepared = epoch, order

    def of(self, epoch: int) -> np.ndarray:
        """The order of an epoch: int64 (size,)."""
        self.prepare(epoch)
        return self._prepared[1]
