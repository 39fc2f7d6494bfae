"""The base of what gives batches by their index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["PyDataset", "Sequence"]


class PyDataset:
    """Data that come in batches: derive from it, and write ``__len__`` and ``__getitem__``.

    Parameters
    ----------
    workers : int
    use_multiprocessing : bool
    max_queue_size : int
        Keras's settings of who reads ahead; they are kept as attributes.

    Examples
    --------
    >>> import numpy as np
    >>> from nnkit.utils import PyDataset
    >>> class Squares(PyDataset):
    ...     def __len__(self):
    ...         return 2
    ...     def __getitem__(self, index):
    ...         x = np.arange(3.0) + 3 * index
    ...         return x, x * x
    >>> [y.tolist() for x, y in Squares()]
    [[0.0, 1.0, 4.0], [9.0, 16.0, 25.0]]
    """

    def __init__(
        self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10
    ) -> None:
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    @property
    def num_batches(self) -> int | None:
        """The number of batches; None if there is no end."""
        return len(self)

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} must say how many batches it has")

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must give its batch {index}")

    def __iter__(self) -> Iterator[Any]:
        for index in range(len(self)):
            yield self[index]

    def on_epoch_begin(self) -> None:
        """What is to be done before an epoch."""

    def on_epoch_end(self) -> None:
        """What is to be done after an epoch."""


Sequence = PyDataset  # Keras 2's name.
