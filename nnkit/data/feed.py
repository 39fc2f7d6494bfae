"""Feed: the source for data that come in batches."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, NamedTuple, Protocol

import numpy as np

from nnkit.data.arrays import Arrays
from nnkit.data.batches import Indexed, Iterated, opened, unpacked
from nnkit.data.reader import Reader
from nnkit.data.source import Block, Source, part_of
from nnkit.data.stack import Stack
from nnkit.engine.devices import current

__all__ = ["Checked", "Feed", "Taker"]


class Taker(Protocol):
    """What a model takes.

    Attributes
    ----------
    built : bool
        Whether it is known.
    """

    @property
    def built(self) -> bool:
        """Whether it is known."""

    def build(self, x: Any) -> None:
        """Find it out by the first samples; in the user's thread."""

    def read(self, x: Any, y: Any, sample_weight: Any) -> Arrays:
        """Arrays of what was given, their values not looked at; in any thread."""

    def knows(self, batch: Arrays) -> bool:
        """Whether :meth:`check` can be called for a batch like this."""

    def learn(self, batch: Arrays) -> None:
        """Make it so, or refuse the batch; in the user's thread."""

    def check(self, batch: Arrays) -> Arrays:
        """Refuse values that can't be taken; targets and weights as steps read them."""

    def look(self, batch: Arrays) -> bool:
        """Warn of what is rarely meant; whether there was something. In the user's thread."""

    def stuck(self, thread: int) -> bool:
        """Whether a thread waits until this one stops to use the model."""


class Checked(NamedTuple):
    """Batches that lie one after the other, and the same as steps read them."""

    data: Arrays
    stack: Stack


class Feed(Source):
    """Batches from a generator, a ``PyDataset`` or another iterable, read ahead by one thread.

    Parameters
    ----------
    value : object
        One for which :func:`nnkit.data.gives_batches`.
    taker : Taker
    steps : int, optional
        Batches of an epoch. None: an epoch is one pass through the data.
    seed : int, optional
        Batches that have indices are shuffled by it in each pass. None: they keep their order.
    training : bool
        Whether each epoch goes on where the last one stopped. If not, each begins with the first
        batch, unless it is a generator, which can't begin again.
    name : str
    steps_name : str
        What errors call ``steps``.

    Raises
    ------
    ValueError
        There are no batches; or they have no end, and ``steps`` is not given.
    """

    def __init__(
        self,
        value: Any,
        taker: Taker,
        steps: int | None = None,
        seed: int | None = None,
        training: bool = False,
        name: str = "x",
        steps_name: str = "steps",
    ) -> None:
        self.dataset: Indexed | Iterated = opened(value)
        self.value, self.taker, self.seed, self.name = value, taker, seed, name
        self.training, self.wanted, self.in_epochs = training, steps, steps_name != "steps"
        count = self.dataset.count()
        if count == 0:
            raise ValueError(f"{name} has no batches: its length is 0")
        if count == math.inf and steps is None:
            raise ValueError(f"{name} has no end (num_batches is None): give {steps_name}")
        self.steps = steps or (None if count is None else int(count))
        self._iterator: Iterator[Any] | None = None  # Of a pass that goes on in the next epoch.
        self._begun = self._any = False
        self._first: list[Checked] = []
        self._order = np.arange(0)
        self._epoch = 0

    def __enter__(self) -> Feed:
        self._reader = Reader(self._convert, self._check, self._where, self.taker.stuck)
        return self

    def __exit__(self, *error: object) -> None:
        """End the thread."""
        self._reader.close()

    def placed(self) -> AbstractContextManager[None]:
        """Hold nothing: blocks are placed one by one."""
        return nullcontext()

    def prepare(self, epoch: int) -> None:
        """Do nothing: the thread reads ahead."""

    def peek(self, epoch: int) -> None:
        """Begin an epoch, and wait for its first batches: they build the model."""
        self._begin(epoch)
        first = self._reader.take()
        if first is None:
            raise ValueError(f"{self.name} has no batches")
        self._first.append(first)

    def blocks(self, epoch: int) -> Iterator[Block]:
        """The batches of an epoch, as many in a block as are there and have one form."""
        for data, stack in self.read(epoch):
            with current().placed(data.bound()) as bound:
                if self.training:
                    bound = bound | {"order": self._in_order(stack.rows)}
                yield Block(data, bound, stack.stride, 0, stack.batches, stack.first)

    def read(self, epoch: int) -> Iterator[Checked]:
        """What blocks are made of, on the host; each is valid until the next one."""
        done, anew = 0, False
        while done == 0 and not anew and not self.ended:
            anew = self._begin(epoch)
            for checked in self._taken():
                self._any, done = True, checked.stack.first + checked.stack.batches
                yield checked
                self._reader.reuse(checked.stack)
            self._end()
        if not self._any:
            raise ValueError(f"{self.name} has no batches")
        self.ended = self.ended or done == 0
        if done == 0 or (self.wanted is not None and done < self.wanted):
            self.warn_short(epoch, done, self.wanted)

    def _taken(self) -> Iterator[Checked]:
        while True:
            checked = self._first.pop() if self._first else self._reader.take()
            if checked is None:
                return
            self.doubted = self.doubted or self.taker.look(checked.data)
            yield checked

    def _in_order(self, rows: int) -> np.ndarray:
        if len(self._order) < rows:
            self._order = np.arange(rows)
        return self._order[:rows]

    # ---------------------------------------------------------------------- an epoch and a pass

    def _begin(self, epoch: int) -> bool:
        """Let the thread read an epoch, unless it does; whether a pass begins with it."""
        if not self._begun:
            self._begun, self._epoch = True, epoch
            _call(self.value, "on_epoch_begin")
            dataset = self.dataset
            number, start, stop = self._part(epoch, dataset.count())
            self._new = self._iterator is None
            if isinstance(dataset, Indexed):
                batches = dataset.batches(number, start, stop or start, self.seed)
                self._reader.begin(batches)
            else:
                if self._iterator is None:
                    self._iterator = dataset.batches(start)
                self._reader.begin(self._iterator, None if stop is None else stop - start)
        return self._new

    def _end(self) -> None:
        """All batches of an epoch have been used."""
        self._begun = False
        count = self.dataset.count()
        if self._reader.exhausted:
            self.ended = self.dataset.once
        if self._reader.exhausted or self._part(self._epoch, count)[2] == count:
            self._iterator = None
        if not self.training:
            self._iterator = None
        _call(self.value, "on_epoch_end")

    def _part(self, epoch: int, count: float | None) -> tuple[int, int, int | None]:
        """The pass that an epoch is a part of, and where in it: (pass, start, stop)."""
        steps = self.wanted
        if not self.training:
            stop = count if steps is None else min(steps, math.inf if count is None else count)
            return 0, 0, None if stop is None else int(stop)
        if count is None:
            return 0, 0, steps
        if steps is None:
            return epoch, 0, int(count)
        if count == math.inf:
            return 0, epoch * steps, (epoch + 1) * steps
        return part_of(epoch, steps, int(count))

    # -------------------------------------------------------------------------------- a batch

    def _convert(self, batch: Any, number: int) -> Arrays:
        """Arrays of a batch, of a form that the model takes; in the thread."""
        taker, there = self.taker, self._reader.in_users_thread
        with self._naming(number):
            x, y, weight = unpacked(batch)
        if not taker.built:
            there(self._named, number, taker.build, x)
        with self._naming(number):
            found = taker.read(x, y, weight)
        if not taker.knows(found):
            there(self._named, number, taker.learn, found)
        return found

    def _check(self, stack: Stack) -> list[Checked | Exception]:
        """The batches as steps read them; after a wrong one there is its error instead."""
        try:
            return [Checked(self.taker.check(stack.arrays()), stack)]
        except (TypeError, ValueError) as error:
            wrong: Exception = error
        for i in range(stack.batches):
            try:
                self._named(stack.first + i, self.taker.check, stack.arrays(i))
            except (TypeError, ValueError) as error:
                stack.cut(i)
                return [*(self._check(stack) if i else []), error]
        return [wrong]

    def _named(self, number: int, function: Callable[..., Any], *arguments: Any) -> None:
        with self._naming(number):
            function(*arguments)

    @contextmanager
    def _naming(self, number: int) -> Iterator[None]:
        """Errors about a batch say which it is."""
        try:
            yield
        except (TypeError, ValueError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"{self._where(number)}: {error}") from error

    def _where(self, number: int) -> str:
        epoch = f"epoch {self._epoch}, " if self.in_epochs else ""
        return f"{self.name}, {epoch}batch {number} (counted from 0)"


def _call(value: Any, hook: str) -> None:
    """Call a method of a data set if it has one."""
    method = getattr(value, hook, None)
    if callable(method):
        method()
