"""Data of which a batch is made when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.utils.py_dataset import PyDataset
from nnkit.utils.random import next_seed

__all__ = ["Batches"]


class Batches(PyDataset):
    """Batches of samples in order, or in an order of its own each epoch.

    Derive from it and write ``take``, which makes a batch of the samples of given numbers.

    Parameters
    ----------
    samples : int
        How many there are.
    batch_size : int or None
        Samples of a batch; the last has the rest. None for single samples, not in a batch.
    shuffle : bool
    seed : int, optional
        Of the orders. The same seed gives the same order in the same epoch.
    """

    def __init__(
        self,
        samples: int,
        batch_size: int | None = 32,
        shuffle: bool = False,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        owner = type(self).__name__
        self.samples = samples
        self.batch_size = (
            None if batch_size is None else checks.integer(owner, "batch_size", batch_size)
        )
        self.shuffle = checks.flag(owner, "shuffle", shuffle)
        seed = checks.seed(owner, seed)
        self.seed = next_seed() if seed is None else seed
        self.epoch = 0

    def __len__(self) -> int:
        return -(-self.samples // (self.batch_size or 1))

    def __getitem__(self, index: int) -> Any:
        if not -len(self) <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        index %= len(self)
        if self.batch_size is None:
            return tuple_or_one(self.take(self.order()[index : index + 1]), 0)
        start = index * self.batch_size
        return self.take(self.order()[start : start + self.batch_size])

    def __iter__(self) -> Iterator[Any]:
        yield from super().__iter__()
        self.on_epoch_end()

    def order(self) -> np.ndarray:
        """The samples' numbers in the order of this epoch."""
        if not self.shuffle:
            return np.arange(self.samples)
        return np.random.default_rng([self.seed, self.epoch]).permutation(self.samples)

    def take(self, rows: np.ndarray) -> Any:
        """A batch of samples."""
        raise NotImplementedError

    def on_epoch_end(self) -> None:
        self.epoch += 1


def tuple_or_one(batch: Any, row: int) -> Any:
    """One sample of a batch, which may be a tuple of arrays."""
    return tuple(part[row] for part in batch) if isinstance(batch, tuple) else batch[row]
