"""Batches of images, in an order of its own each epoch, transformed at random."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.utils.images import array_to_img
from nnkit.utils.py_dataset import PyDataset

__all__ = ["Iterator"]

_SEEDS = 2**32


class Iterator(PyDataset):
    """The base of what :class:`ImageDataGenerator` gives: batches without an end.

    ``next(iterator)`` gives one batch after the other, for ever; ``iterator[i]`` batch i of the
    current epoch, of ``len(iterator)``. What is drawn for a batch depends on the seed, the number
    of the epoch and that of the batch only, whoever asks, in whatever order. With the same seed, it
    is what Keras draws.

    Parameters
    ----------
    n : int
        The number of samples.
    batch_size : int
    shuffle : bool
        Whether each epoch has another order.
    seed : int, optional
        From 0 to 2**32 - 1; without it ``numpy.random`` draws one.
    **options
        Of :class:`~nnkit.utils.PyDataset`.

    Attributes
    ----------
    batch_index : int
        The number of the next batch of the epoch, for ``next``.
    total_batches_seen : int
        How many batches ``next`` gave.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.
    """

    def __init__(
        self, n: int, batch_size: int, shuffle: bool, seed: int | None, **options: Any
    ) -> None:
        super().__init__(**options)
        owner = type(self).__name__
        self.n = n
        self.batch_size = checks.integer(owner, "batch_size", batch_size)
        self.shuffle = checks.flag(owner, "shuffle", shuffle)
        self.seed = None if seed is None else checks.integer(owner, "seed", seed, 0, _SEEDS - 1)
        self._base = int(np.random.randint(2**31)) if self.seed is None else self.seed
        self.batch_index = 0
        self.total_batches_seen = 0
        self._start = 0  # How many batches came before this epoch.
        self._order: tuple[int, np.ndarray, Any] | None = None
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return -(-self.n // self.batch_size)

    def __getitem__(self, index: int) -> Any:
        if not -len(self) <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        with self._lock:
            start, order, state = self._order_of_epoch()
        index %= len(self)
        draw = np.random.RandomState((self._base + start + index) % _SEEDS)
        if index == 0:  # It goes on where the order ended.
            draw.set_state(state)
        rows = order[index * self.batch_size : (index + 1) * self.batch_size]
        return self.take(rows, draw)

    def __iter__(self) -> Iterator:
        return self

    def __next__(self) -> Any:
        with self._lock:
            if self.batch_index == 0:
                self._start, self._order = self.total_batches_seen, None
            index = self.batch_index
            self.batch_index = (index + 1) % len(self)
            self.total_batches_seen += 1
        return self[index]

    next = __next__  # Its name in Python 2.

    def reset(self) -> None:
        """Let ``next`` begin an epoch."""
        self.batch_index = 0

    def on_epoch_end(self) -> None:
        with self._lock:
            self._start, self._order = self._start + len(self), None

    def take(self, rows: np.ndarray, draw: np.random.RandomState) -> Any:
        """A batch.

        Parameters
        ----------
        rows : numpy.ndarray
            Numbers of its samples.
        draw : numpy.random.RandomState
            What is random in it.

        Returns
        -------
        array or tuple
        """
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.Lock())

    def _order_of_epoch(self) -> tuple[int, np.ndarray, Any]:
        """Number of the first batch, order of the samples, and what draws for the first batch."""
        if self._order is None:
            draw = np.random.RandomState((self._base + self._start) % _SEEDS)
            rows = draw.permutation(self.n) if self.shuffle else np.arange(self.n)
            self._order = self._start, rows, draw.get_state()
        return self._order


class Pictures:
    """Where batches are saved as images, to look at.

    Parameters
    ----------
    owner : str
        Whose, for errors.
    folder : path or None
        None saves nothing.
    prefix, file_format, data_format : str
    """

    def __init__(
        self, owner: str, folder: Any, prefix: str, file_format: str, data_format: str
    ) -> None:
        if folder is not None and not Path(folder).is_dir():
            raise NotADirectoryError(f"{owner}: there is no folder save_to_dir={str(folder)!r}")
        self.folder, self.prefix = folder, prefix
        self.file_format, self.data_format = file_format, data_format

    def save(self, x: np.ndarray, rows: np.ndarray, draw: np.random.RandomState) -> None:
        """Save a batch.

        Parameters
        ----------
        x : numpy.ndarray
        rows : numpy.ndarray
            Numbers of its samples.
        draw : numpy.random.RandomState
        """
        if self.folder is not None:
            for image, row in zip(x, rows, strict=True):
                name = f"{self.prefix}_{row}_{draw.randint(10**7)}.{self.file_format}"
                array_to_img(image, self.data_format).save(Path(self.folder) / name)
