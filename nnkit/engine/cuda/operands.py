"""Where the arrays of a tape lie on a device."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnkit.engine import memory
from nnkit.engine.cuda.driver import Driver, Memory
from nnkit.engine.tape import Tape
from nnkit.engine.twins import Twin, root, twin_of
from nnkit.kernels._jit import Kernel, address

__all__ = ["DeviceArena", "Operand", "Operands"]


class DeviceArena:
    """Device memory that several programs use in turn; it grows to what the largest needs."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.memory = driver.allocate(1)

    def reserve(self, size: int) -> Memory:
        """The memory, made large enough."""
        if size > self.memory.size:
            self.memory = self.driver.allocate(size)
        return self.memory


@dataclass(frozen=True)
class Operand:
    """An array of the tape: in whose memory, from which byte on, and its form there.

    Attributes
    ----------
    place : Twin, str, Memory or None
        The twin of a lasting array, the name of a bound one, memory of the program's own, or None
        for the arena.
    """

    place: Twin | Memory | str | None
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype

    def flat(self) -> Operand:
        """The same elements with one axis."""
        form = (math.prod(self.shape),), (self.dtype.itemsize,), self.dtype
        return Operand(self.place, self.offset, *form)


class Operands:
    """Finds the place of each array of a tape, then resolves places to addresses.

    Parameters
    ----------
    tape : Tape
    driver : Driver
    arena : DeviceArena

    Attributes
    ----------
    twins, written : dict of int to Twin
        Of all lasting arrays, and of those that the step changes, by the id of the host array.
    """

    def __init__(self, tape: Tape, driver: Driver, arena: DeviceArena) -> None:
        self.driver, self.arena = driver, arena
        self.tape = tape
        self._offsets, self._arena_size = memory.plan(tape)
        self.twins: dict[int, Twin] = {}
        self.written: dict[int, Twin] = {}
        self._lasting: list[np.ndarray] = []  # Keeps their addresses valid.
        self._bound: dict[str, Memory] = {}

    def release(self) -> None:
        """Drop the tape and its arrays; from here on operands are only resolved."""
        self.tape = Tape({})

    # --------------------------------------------------------------------------- finding places

    def lasts(self, array: np.ndarray) -> bool:
        """Whether an array outlives the step, in memory that the host knows."""
        return self.tape.temporary(array) is None and id(array) not in self.tape.bound

    def operand(self, array: np.ndarray, writes: bool) -> Operand:
        """Where an array of the tape lies."""
        form = array.shape, array.strides, array.dtype
        found = self.tape.temporary(array)
        if found is not None:
            return Operand(None, self._offsets[found[0]] + found[1], *form)
        name = self.tape.bound.get(id(array))
        if name is not None:
            return Operand(name, 0, *form)
        return self.lasting(array, writes)

    def lasting(self, array: np.ndarray, writes: bool = False) -> Operand:
        """Where an array lies that outlives the step."""
        form = array.shape, array.strides, array.dtype
        host = root(array)
        if id(host) not in self.twins:
            self.twins[id(host)] = twin_of(host, self.driver)
            self._lasting.append(host)
        twin = self.twins[id(host)]
        if writes:
            self.written[id(host)] = twin
        return Operand(twin, address(array) - address(host), *form)

    def arguments(self, kernel: Kernel, arguments: tuple[Any, ...]) -> list[Any]:
        """A call's arguments, arrays as operands; elementwise kernels get them flat."""
        result: list[Any] = []
        for name, argument in zip(kernel.parameters, arguments, strict=True):
            if isinstance(argument, np.ndarray):
                operand = self.operand(argument, kernel.writes(name))
                is_flat = kernel.elementwise and name in kernel.split
                result.append(operand.flat() if is_flat else operand)
            else:
                whole = isinstance(argument, (bool, int, np.integer))
                result.append(int(argument) if whole else float(argument))
        return result

    def scratch(self, shape: tuple[int, ...], dtype: Any) -> Operand:
        """Memory of the program's own that lasts from step to step; zeros at first."""
        form = np.empty(shape, dtype)
        memory = self.driver.allocate(max(form.nbytes, 1))
        self.driver.clear(memory, 0, form.nbytes)
        return Operand(memory, 0, form.shape, form.strides, form.dtype)

    # ------------------------------------------------------------------------- resolving places

    def bind(self, bound: dict[str, Memory]) -> tuple[int, ...]:
        """Say where bound arrays lie; returns all addresses that may have changed since."""
        self._bound = bound
        arena = self.arena.reserve(self._arena_size)
        return (arena.address, *(memory.address for memory in bound.values()))

    def resolve(self, operand: Any) -> Any:
        """An operand as a kernel takes it; numbers as they are."""
        if not isinstance(operand, Operand):
            return operand
        memory, shape = self.memory(operand), operand.shape
        if isinstance(operand.place, str):  # There may be more rows than in the recorded step.
            shape = (memory.size // max(operand.strides[0], 1), *shape[1:])
        return self.driver.view(memory, operand.offset, shape, operand.strides, operand.dtype)

    def memory(self, operand: Operand) -> Memory:
        """The memory that an operand lies in."""
        place = operand.place
        if place is None:
            return self.arena.reserve(self._arena_size)
        if isinstance(place, str):
            return self._bound[place]
        return place.memory if isinstance(place, Twin) else place

    def download(self, operand: Operand, target: np.ndarray) -> None:
        """Copy an operand to the host."""
        place = operand.place
        if isinstance(place, Twin) and place not in self.written.values():
            place.fetch()  # Nobody changes it in this step.
            return
        target[...] = self._fetched(operand)[0]

    def upload(self, source: np.ndarray, operand: Operand) -> None:
        """Copy from the host to an operand."""
        whole, first = np.ascontiguousarray(source), 0
        if operand.strides != whole.strides:  # What lies in between stays.
            elements, whole, first = self._fetched(operand)
            elements[...] = source
        self.driver.upload(whole, self.memory(operand), operand.offset + first)

    def _fetched(self, operand: Operand) -> tuple[np.ndarray, np.ndarray, int]:
        """An operand on the host, in a copy of all bytes from its first to its last.

        The third result is where the bytes begin, from the operand's offset on: steps may go back.
        """
        form = operand.shape, operand.dtype
        if not math.prod(operand.shape):
            return np.empty(*form), np.empty(0, np.uint8), 0
        steps = [(n - 1) * step for n, step in zip(operand.shape, operand.strides, strict=True)]
        first = sum(step for step in steps if step < 0)
        last = sum(step for step in steps if step > 0)
        whole = np.empty(last - first + operand.dtype.itemsize, np.uint8)
        self.driver.download(self.memory(operand), whole, operand.offset + first)
        return np.ndarray(*form, whole, -first, operand.strides), whole, first
