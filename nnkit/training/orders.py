"""In which order an epoch takes the samples."""

from __future__ import annotations

import numpy as np

__all__ = ["Orders"]


class Orders:
    """A new order for every epoch, a function of a seed and the epoch only.

    Parameters
    ----------
    seed : int
    size : int
        Samples.
    shuffle : bool
        False: always as they lie.
    """

    def __init__(self, seed: int, size: int, shuffle: bool) -> None:
        self.seed, self.size, self.shuffle = seed, size, shuffle
        self._prepared: tuple[int, np.ndarray] = -1, np.arange(size)

    def prepare(self, epoch: int) -> None:
        """Make the order of an epoch in advance, while a device is at work."""
        if self.shuffle and self._prepared[0] != epoch:
            order = np.random.default_rng([self.seed, epoch]).permutation(self.size)
            self._prepared = epoch, order

    def of(self, epoch: int) -> np.ndarray:
        """The order of an epoch: int64 (size,)."""
        self.prepare(epoch)
        return self._prepared[1]
