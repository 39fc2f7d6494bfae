"""Objects that yield batches: which they are, how they are iterated over, what a batch may be."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nnkit import tables
from nnkit.conversion import is_array
from nnkit.data.source import shuffled
from nnkit.engine.devices import on_gpu

__all__ = ["Indexed", "Iterated", "gives_batches", "opened", "unpacked"]

# Arrays of numbers, or what is refused as such.
_OTHERS = (str, bytes, list, tuple, range, deque, Mapping, set, frozenset, type)


def gives_batches(value: Any) -> bool:
    """Whether a value is no array, but gives batches one by one.

    Examples
    --------
    >>> gives_batches(iter([])), gives_batches([1.0, 2.0])
    (True, False)
    """
    if isinstance(value, np.ndarray) or value is None:  # Most often, and at once.
        return False
    if isinstance(value, _OTHERS) or is_array(value) or on_gpu(value):
        return False
    if hasattr(value, "toarray") or tables.is_table(value):
        return False
    return hasattr(value, "__next__") or hasattr(value, "__iter__") or _is_indexed(value)


def _is_indexed(value: Any) -> bool:
    counted = hasattr(value, "__len__") or hasattr(value, "num_batches")
    return hasattr(value, "__getitem__") and counted


def unpacked(batch: Any) -> tuple[Any, Any, Any]:
    """The samples, targets and weights of a batch, None for what it lacks.

    Raises
    ------
    TypeError, ValueError
        It is something else than x, (x,), (x, y) or (x, y, sample_weight).

    Examples
    --------
    >>> unpacked(([1.0], [2.0]))
    ([1.0], [2.0], None)
    >>> unpacked(None)
    Traceback (most recent call last):
    TypeError: the batch is None; it must be x, (x, y) or (x, y, sample_weight)
    """
    expected = "it must be x, (x, y) or (x, y, sample_weight)"
    if isinstance(batch, (tuple, list)):
        if not 1 <= len(batch) <= 3:
            raise ValueError(f"the batch is a {type(batch).__name__} of {len(batch)}; {expected}")
        x, y, weight = (*batch, None, None)[:3]
        return x, y, weight
    if isinstance(batch, Mapping) or is_array(batch) or tables.is_table(batch):
        return batch, None, None
    said = "None" if batch is None else f"of type {type(batch).__name__}"
    raise TypeError(f"the batch is {said}; {expected}")


def opened(value: Any) -> Indexed | Iterated:
    """How to iterate over an object for which :func:`gives_batches`."""
    return Indexed(value) if _is_indexed(value) else Iterated(value)


class Indexed:
    """An object whose batches have indices: a ``PyDataset``, or what looks like one.

    Parameters
    ----------
    value : object
        It has ``__getitem__``, and ``num_batches`` or ``__len__``.
    """

    once = False

    def __init__(self, value: Any) -> None:
        self.value = value

    def count(self) -> float | None:
        """The number of batches; infinity if there is no end."""
        found: Any = getattr(self.value, "num_batches", len)
        if callable(found):
            found = len(self.value)
        return math.inf if found is None else int(found)

    def batches(self, number: int, start: int, stop: float, seed: int | None) -> Iterator[Any]:
        """Some batches of a pass through the data, in an order that follows from the seed."""
        end = int(stop)
        indices = list(range(start, end))
        count = self.count()
        if seed is not None and count is not None and count < math.inf:
            indices = shuffled(seed, number, int(count))[start:end].tolist()
        workers = getattr(self.value, "workers", 1)
        if isinstance(workers, int) and workers > 1:
            yield from _by_threads(self.value, indices, workers)
        else:
            for index in indices:
                yield self.value[index]


def _by_threads(value: Any, indices: list[int], workers: int) -> Iterator[Any]:
    """The batches in order, made by several threads."""
    from multiprocessing.pool import ThreadPool  # It takes a while to import.

    most = max(1, getattr(value, "max_queue_size", 10))
    with ThreadPool(workers) as pool:
        made: deque[Any] = deque()
        for index in indices:
            made.append(pool.apply_async(value.__getitem__, (index,)))
            if len(made) >= most:
                yield made.popleft().get()
        while made:
            yield made.popleft().get()


class Iterated:
    """An object that can be iterated over: a generator, or a data set of another library.

    Parameters
    ----------
    value : object
        It has ``__iter__`` or ``__next__``.

    Attributes
    ----------
    once : bool
        It is an iterator, so there is one pass through it.
    """

    def __init__(self, value: Any) -> None:
        self.value, self.once = value, hasattr(value, "__next__")

    def count(self) -> float | None:
        """The number of batches in a pass, None if the object doesn't tell."""
        try:
            return None if self.once else len(self.value)
        except (TypeError, AttributeError, NotImplementedError):
            return None

    def batches(self, start: int) -> Iterator[Any]:
        """The batches of a new pass but for the first few."""
        iterator = self.value if self.once else iter(self.value)
        for number, batch in enumerate(iterator):
            if number >= start:
                yield batch  # "yield from" would close a user's generator at the end.
