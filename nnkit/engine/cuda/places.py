"""Where the places of a tape lie on a device."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnkit.engine import memory
from nnkit.engine.cuda.driver import Driver, Memory
from nnkit.engine.mirrors import Mirror, mirror_of
from nnkit.engine.references import Reference
from nnkit.engine.tape import Tape

__all__ = ["DeviceArena", "Places"]

_PLACE = 200  # Bytes of an entry of the table.


class DeviceArena:
    """Device memory that several programs use in turn; it grows to what the largest needs."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.memory = driver.allocate(1)

    def reserve(self, size: int) -> Memory:
        """The memory, made at least so many bytes large."""
        if size > self.memory.size:
            self.memory = self.driver.allocate(size)
        return self.memory


class Places:
    """The table of a tape's places: in whose device memory each lies, and from which byte on.

    Parameters
    ----------
    tape : Tape
    driver : Driver
    arena : DeviceArena

    Attributes
    ----------
    mirrors, written : list of Mirror
        Of all lasting arrays, and of those that the step changes.
    nbytes : int
        What it takes: this table, and memory of the program's own.
    """

    def __init__(self, tape: Tape, driver: Driver, arena: DeviceArena) -> None:
        self.driver, self.arena = driver, arena
        self._offsets, self._arena_size = memory.plan(tape)
        self._bound: dict[str, Memory] = {}
        used: dict[int, bool] = {}
        for entry in tape.entries:
            for reference, writes in entry.references:
                used[reference.place] = used.get(reference.place, False) or writes
        # By place: the name of bound data and its recorded shape, the mirror of a lasting array, or
        # memory of the program's own. The host's arrays must stay, or their mirrors would go.
        self._places: dict[int, tuple[str, tuple[int, ...]] | Mirror | Memory] = {}
        self._hosts: list[np.ndarray] = []
        for i, place in enumerate(tape.places):
            if place.name is not None:
                self._places[i] = place.name, place.array.shape
            elif place.kind == "lasting" and i in used:
                self._places[i] = mirror_of(place.array, driver)
                self._hosts.append(place.array)
        mirrors = {i: place for i, place in self._places.items() if isinstance(place, Mirror)}
        self.mirrors = list(mirrors.values())
        self.written = [mirror for i, mirror in mirrors.items() if used[i]]
        self._count = len(tape.places)
        self.nbytes = _PLACE * self._count

    def lasts(self, reference: Reference) -> bool:
        """Whether an array outlives the step, in memory that the host knows."""
        return isinstance(self._places.get(reference.place), Mirror)

    def scratch(self, shape: tuple[int, ...], dtype: Any) -> Reference:
        """Memory of the program's own that lasts from step to step; zeros at first."""
        form = np.empty(shape, dtype)
        memory = self.driver.allocate(max(form.nbytes, 1))
        self.driver.clear(memory, 0, form.nbytes)
        self.nbytes += memory.size
        self._places[self._count] = memory
        self._count += 1
        return Reference(self._count - 1, 0, form.shape, form.strides, form.dtype)

    def bind(self, bound: dict[str, Memory]) -> tuple[int, ...]:
        """Say where bound arrays lie; returns all addresses that may have changed since."""
        self._bound = bound
        arena = self.arena.reserve(self._arena_size)
        return (arena.address, *(memory.address for memory in bound.values()))

    def find(self, reference: Reference) -> tuple[Memory, int]:
        """The memory that an array lies in, and from which byte on."""
        place = self._places.get(reference.place)
        if place is None:
            arena = self.arena.reserve(self._arena_size)
            return arena, self._offsets[reference.place] + reference.offset
        if isinstance(place, tuple):
            return self._bound[place[0]], reference.offset
        return place.memory if isinstance(place, Mirror) else place, reference.offset

    def resolve(self, operand: Any) -> Any:
        """An operand as a kernel takes it; numbers as they are."""
        if not isinstance(operand, Reference):
            return operand
        memory, offset = self.find(operand)
        place, shape = self._places.get(operand.place), operand.shape
        # Of bound data there may be more rows than recorded.
        if isinstance(place, tuple) and shape and operand.is_whole(place[1]):
            shape = (memory.size // max(operand.strides[0], 1), *shape[1:])
        return self.driver.view(memory, offset, shape, operand.strides, operand.dtype)

    def download(self, reference: Reference, target: np.ndarray) -> None:
        """Copy an array from the device into ``target``, on the host."""
        place = self._places.get(reference.place)
        if isinstance(place, Mirror) and place not in self.written:
            place.fetch()  # Nobody changes it in this step.
            return
        target[...] = self._fetched(reference)[0]

    def upload(self, source: np.ndarray, reference: Reference) -> None:
        """Copy ``source``, on the host, into an array on the device."""
        whole, first = np.ascontiguousarray(source), 0
        if reference.strides != whole.strides:  # What lies in between stays.
            elements, whole, first = self._fetched(reference)
            elements[...] = source
        memory, offset = self.find(reference)
        self.driver.upload(whole, memory, offset + first)

    def _fetched(self, reference: Reference) -> tuple[np.ndarray, np.ndarray, int]:
        """An array on the host, in a copy of all bytes from its first to its last.

        The third result is where the bytes begin, counted from the first element: steps may go
        back.
        """
        form = reference.shape, reference.dtype
        if not math.prod(reference.shape):
            return np.empty(*form), np.empty(0, np.uint8), 0
        begin, end = reference.extent()
        first = begin - reference.offset
        whole = np.empty(end - begin, np.uint8)
        memory, offset = self.find(reference)
        self.driver.download(memory, whole, offset + first)
        return np.ndarray(*form, whole, -first, reference.strides), whole, first
