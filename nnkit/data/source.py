"""Sources: where the batches of ``fit``, ``evaluate`` and ``predict`` come from."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnkit.data.arrays import Arrays
from nnkit.engine.devices import current
from nnkit.errors import warn

__all__ = ["ArraySource", "Block", "Source", "part_of", "shuffled"]


@dataclass(eq=False)
class Block:
    """Batches that lie one after the other in memory: native code may do all of them in one call.

    Parameters
    ----------
    data : Arrays
        Rows of all batches, checked.
    bound : dict of str to array
        The same as matrices in the current device's memory; for training also ``"order"``, the
        order of the rows.
    stride : int
        Rows of a full batch.
    start, stop : int
        Which of its batches are to be done: indices from ``start`` to ``stop - 1``.
    first : int
        The number of batch ``start`` in the epoch.

    Attributes
    ----------
    signature : tuple
        What a record depends on.
    """

    data: Arrays
    bound: dict[str, Any]
    stride: int
    start: int
    stop: int
    first: int = 0
    signature: tuple[Any, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.signature = self.data.signature()


class Source(ABC):
    """Yields the batches of each epoch as blocks, in order.

    It is a context manager: what it needs besides the data, such as a thread, lives within.

    Attributes
    ----------
    name : str
        What errors call it, such as ``"x"``.
    steps : int or None
        Batches of an epoch; None if nobody knows.
    in_epochs : bool
        Whether errors name the epoch.
    training : bool
        Whether each epoch goes on where the last one stopped, and steps read rows in an order.
    samples : int or None
        Rows of an epoch; None if nobody knows.
    ended : bool
        There is no more data, and there won't be.
    doubted : bool
        There was a warning of targets that are rarely meant.
    """

    name: str
    steps: int | None
    in_epochs = True
    training = False
    samples: int | None = None
    ended = False
    doubted = False
    _warned = False

    def __enter__(self) -> Source:
        return self

    @abstractmethod
    def __exit__(self, *error: object) -> None:
        """Let go of what it has besides the data."""

    @abstractmethod
    def placed(self) -> AbstractContextManager[None]:
        """Hold what lies still where the device finds it, for as long as the block lasts."""

    @abstractmethod
    def blocks(self, epoch: int) -> Iterator[Block]:
        """The blocks of an epoch, or of an evaluation after it."""

    @abstractmethod
    def peek(self, epoch: int) -> None:
        """Wait for the first batches of an epoch, which build a model that isn't."""

    @abstractmethod
    def prepare(self, epoch: int) -> None:
        """Do in advance what an epoch needs, while a device computes."""

    @property
    def shapes(self) -> list[tuple[int | None, ...]] | None:
        """Shapes of the inputs, with None for the number of samples; None if they may differ."""
        return None

    def warn_short(self, epoch: int, done: int, wanted: int | None) -> None:
        """Warn, once, that there were fewer batches than were asked for."""
        if not self._warned:
            self._warned = True
            when = f" in epoch {epoch} (counted from 0)" if self.in_epochs else ""
            of = "" if wanted is None else f" of {wanted}"
            text = f"{self.name} ran out of data{when}, after {done}{of} batches"
            if self.training and not self.ended:
                text += "; the next ones begin with the first"
            elif self.training:
                text += (
                    ": training ends here. A generator that can't begin again must give "
                    "steps_per_epoch * epochs batches"
                )
            warn(text)


class ArraySource(Source):
    """Arrays in memory: one block an epoch.

    Parameters
    ----------
    data : Arrays
    stride : int
        Rows of a full batch.
    seed : int, optional
        The rows are shuffled by it in each pass. None: they keep their order.
    training : bool
        Whether steps read rows in an order.
    steps : int, optional
        Batches of an epoch. Each epoch goes on where the last one stopped; the last epoch of a pass
        through the data may be shorter. None: an epoch is one pass.
    name : str
    """

    def __init__(
        self,
        data: Arrays,
        stride: int,
        seed: int | None = None,
        training: bool = False,
        steps: int | None = None,
        name: str = "x",
    ) -> None:
        self.data, self.stride, self.seed, self.name = data, stride, seed, name
        self.training = training
        self.batches = math.ceil(len(data) / stride)
        self.wanted = steps
        self.steps, self.samples = steps or self.batches, len(data)
        self._prepared: tuple[int, np.ndarray] = -1, np.arange(len(data))

    def __exit__(self, *error: object) -> None:
        """Do nothing: there is nothing else."""

    @property
    def shapes(self) -> list[tuple[int | None, ...]]:
        """Shapes of the inputs."""
        return self.data.shapes

    def peek(self, epoch: int) -> None:
        """Do nothing: the arrays are here."""

    @contextmanager
    def placed(self) -> Iterator[None]:
        """Place the arrays."""
        with current().placed(self.data.bound()) as self._bound:
            yield

    def blocks(self, epoch: int) -> Iterator[Block]:
        """All batches of the epoch at once."""
        number, start, stop = part_of(epoch, self.steps or 1, self.batches)
        bound = self._bound
        if self.training:
            bound = bound | {"order": self._order(number)}
        yield Block(self.data, bound, self.stride, start, stop)
        if self.wanted is not None and stop - start < self.wanted:
            self.warn_short(epoch, stop - start, self.wanted)

    def prepare(self, epoch: int) -> None:
        """Make the order of an epoch."""
        self._order(part_of(epoch, self.steps or 1, self.batches)[0])

    def _order(self, number: int) -> np.ndarray:
        """The order of the rows in a pass through the data: int64 (n,)."""
        if self.seed is not None and self._prepared[0] != number:
            self._prepared = number, shuffled(self.seed, number, len(self.data))
        return self._prepared[1]


def shuffled(seed: int, number: int, size: int) -> np.ndarray:
    """The order of a pass through data, a function of a seed and the number of the pass only.

    Examples
    --------
    >>> shuffled(0, 1, 5).tolist() == shuffled(0, 1, 5).tolist() != shuffled(0, 2, 5).tolist()
    True
    """
    return np.random.default_rng([seed, number]).permutation(size)


def part_of(epoch: int, steps: int, count: int) -> tuple[int, int, int]:
    """The pass through the data that an epoch is a part of, and where in it: (pass, start, stop).

    Parameters
    ----------
    epoch : int
    steps : int
        Batches of an epoch.
    count : int
        Batches of the data.

    Examples
    --------
    >>> [part_of(epoch, 4, 10) for epoch in range(4)]
    [(0, 0, 4), (0, 4, 8), (0, 8, 10), (1, 0, 4)]
    """
    number, part = divmod(epoch, -(-count // steps))
    return number, part * steps, min(count, (part + 1) * steps)
