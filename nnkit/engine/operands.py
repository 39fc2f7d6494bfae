"""The operands of a program's calls: one vector of words, and which of them are addresses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit.engine.references import Reference
from nnkit.engine.tape import Tape
from nnkit.kernels._jit import Words, address

__all__ = ["Operands"]


class Operands:
    """The words of all calls of a program, as native code reads them.

    Those that are addresses follow from a base and an offset. There is one base for the arena, and
    one for each array of bound data; lasting arrays stay where they are, and are kept alive here.

    Parameters
    ----------
    tape : Tape
    offsets : dict of int to int
        Where the places that are memory of the step begin in the arena.

    Attributes
    ----------
    words : numpy.ndarray
        int64, after :meth:`finish`.
    nbytes : int
        What it takes, after :meth:`finish`.
    """

    def __init__(self, tape: Tape, offsets: dict[int, int]) -> None:
        self._lasting = [p.array for p in tape.places if p.kind == "lasting"]
        self._list: list[int] = []
        self._arena = _Addresses(())
        self._bound: dict[str | None, _Addresses] = {}
        # What moves from replay to replay, and from which byte on a place lies there.
        self._moving = {place: (self._arena, offset) for place, offset in offsets.items()}
        for i, place in enumerate(tape.places):
            if place.kind == "bound":
                self._bound[place.name] = _Addresses(place.array.shape)
                self._moving[i] = self._bound[place.name], 0

    def add(self, arguments: Sequence[Any], words: Sequence[Words]) -> int:
        """Add the operands of one call; the index of their first word."""
        start = len(self._list)
        for argument, group in zip(arguments, words, strict=True):
            if isinstance(argument, Reference) and argument.place in self._moving:
                memory, begin = self._moving[argument.place]
                memory.add(len(self._list), begin + argument.offset)
                if memory.shape and argument.is_whole(memory.shape):
                    memory.add_rows(len(self._list) + 1, flat=len(group) < 1 + argument.ndim)
            self._list += group
        return start

    def finish(self) -> None:
        """Turn the list of words into the array that native code reads."""
        self.words = np.array(self._list, np.int64)
        tables = self._arena, *self._bound.values()
        for addresses in tables:
            addresses.finish()
        self.nbytes = self.words.nbytes + sum(addresses.nbytes for addresses in tables)
        self.nbytes += _POINTER * len(self._lasting)
        del self._moving, self._list

    def bind(self, arrays: dict[str, np.ndarray]) -> None:
        """Let bound data lie where these arrays do.

        Raises
        ------
        KeyError
            The tape has no data of that name.
        """
        for name, array in arrays.items():
            bound = self._bound[name]
            try:
                bound.put(self.words, address(array), array.shape)
            except BaseException:  # Ctrl-C, when some words may have been written and others not.
                bound.forget()
                raise

    def settle(self, base: int) -> None:
        """Let the arena begin at an address.

        Raises
        ------
        RuntimeError
            It is not known where bound data lies.
        """
        for name, addresses in self._bound.items():
            if addresses.base is None:
                raise RuntimeError(f"bind must say where {name!r} lies before a program runs")
        self._arena.put(self.words, base)


# Words that Python writes sooner than NumPy takes to begin.
_FEW = 8
_POINTER = 8
# Bytes of a table's objects, and of two numbers in it.
_TABLE, _PAIR = 600, 150


def _columns(pairs: list[tuple[int, int]]) -> np.ndarray:
    columns: np.ndarray = np.array(pairs, np.int64).reshape(-1, 2).T.copy()
    return columns


class _Addresses:
    """The words that are addresses in one piece of memory.

    Parameters
    ----------
    shape : tuple of int
        Of bound data, as recorded; the next may have another number of rows.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.base: int | None = None
        self.shape = shape
        self._list: list[tuple[int, int]] = []
        self._counts: list[tuple[int, int]] = []

    def add(self, at: int, offset: int) -> None:
        """Add a word by its index, and the bytes beyond the base."""
        self._list.append((at, offset))

    def add_rows(self, at: int, flat: bool) -> None:
        """Add a word that is the number of rows, or of all elements."""
        self._counts.append((at, math.prod(self.shape[1:]) if flat else 1))

    def finish(self) -> None:
        """No more will be added."""
        count = len(self._list) + len(self._counts)
        self._few = count <= _FEW
        self.nbytes = _TABLE + _PAIR * count
        if not self._few:
            self._at, self._offsets = _columns(self._list)
            self._rows, self._units = _columns(self._counts)
            self.nbytes = _TABLE + 2 * self._at.nbytes + 2 * self._rows.nbytes
            self._list, self._counts = [], []

    def forget(self) -> None:
        """What the words are is not known."""
        self.base, self.shape = None, ()

    def put(self, words: np.ndarray, base: int, shape: tuple[int, ...] = ()) -> None:
        """Write the words."""
        if base != self.base:
            if self._few:
                for at, offset in self._list:
                    words[at] = base + offset
            else:
                words[self._at] = self._offsets + base
            self.base = base  # Only now: Ctrl-C may have come in between.
        if shape != self.shape:
            if self._few:
                for at, unit in self._counts:
                    words[at] = unit * shape[0]
            else:
                words[self._rows] = self._units * shape[0]
            self.shape = shape
