"""PyDataset: batches by their numbers, for ``fit``, ``evaluate`` and ``predict``."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from nnkit.arguments import explain_arguments
from nnkit.checks import flag, integer

__all__ = ["PyDataset", "Sequence"]


class PyDataset:
    """The base class of data sets that make a batch when asked for it.

    A subclass has ``__getitem__(index)``, which returns the batch ``(x, y)``,
    ``(x, y, sample_weight)`` or ``(x,)`` of a number from 0, and ``__len__()``, the number of
    batches; or the property ``num_batches``, which may be None for a data set without an end.
    ``Sequence`` is another name of this class. What isn't a subclass but has these methods is taken
    as well.

    ``fit(shuffle=True)`` shuffles the order of the batches in each epoch, by the model's seed and
    the epoch only. Between two epochs no batch is made, so ``on_epoch_end`` may change the data.

    Parameters
    ----------
    workers : int
        Threads that make batches; they come in order. With 0 or 1 the thread that reads ahead makes
        them. NumPy and libraries for images and files let several threads run at once; pure Python
        is no faster with several.
    use_multiprocessing : bool
        Accepted for Keras's sake: batches are made by threads, never by processes, as these would
        need copies of the data set and of every batch. The results are the same.
    max_queue_size : int
        With several workers, how many batches may be in the making at once.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> class Squares(nnkit.utils.PyDataset):
    ...     def __len__(self):
    ...         return 10
    ...     def __getitem__(self, index):
    ...         x = np.linspace(index / 10, (index + 1) / 10, 8)
    ...         return x, x**2
    >>> model = nnkit.Sequential([nnkit.Input((1,)), nnkit.layers.Dense(1)])
    >>> model.compile("adam", "mse")
    >>> history = model.fit(Squares(workers=2), epochs=3, verbose=0)
    >>> len(history.history["loss"]), model.predict(Squares()).shape
    (3, (80, 1))
    """

    # For subclasses whose constructor does not call this class's.
    workers = 1
    use_multiprocessing = False
    max_queue_size = 10

    @explain_arguments
    def __init__(
        self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10
    ) -> None:
        owner = type(self).__name__
        self.workers = integer(owner, "workers", workers, 0, 1024)
        self.use_multiprocessing = flag(owner, "use_multiprocessing", use_multiprocessing)
        self.max_queue_size = integer(owner, "max_queue_size", max_queue_size)

    def __getitem__(self, index: int) -> Any:
        """The batch of a number."""
        raise NotImplementedError(f"{type(self).__name__} needs __getitem__(index): a batch")

    @property
    def num_batches(self) -> int | None:
        """The number of batches; None if there is no end. A subclass may set it, or override it."""
        if "_num_batches" in vars(self):
            return self._num_batches
        if not hasattr(self, "__len__"):
            raise NotImplementedError(
                f"{type(self).__name__} needs __len__, or the property num_batches: how many "
                "batches there are, None without an end"
            )
        return len(self)

    @num_batches.setter
    def num_batches(self, value: int | None) -> None:
        self._num_batches = value

    def __iter__(self) -> Iterator[Any]:
        """All batches in order."""
        count = self.num_batches
        for index in itertools.count() if count is None else range(count):
            yield self[index]

    def on_epoch_begin(self) -> None:
        """Called before the first batch of an epoch is made."""

    def on_epoch_end(self) -> None:
        """Called after the last batch of an epoch has been used."""


Sequence = PyDataset
