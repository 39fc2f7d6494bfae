"""Data sets on a device: kept there, streamed through it, or put there by somebody else."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnkit.engine.cuda.driver import Driver, Memory
from nnkit.engine.cuda.options import options
from nnkit.engine.device import Bound, Window
from nnkit.errors import DeviceError
from nnkit.kernels.cuda.data import first_not_finite

__all__ = ["DeviceArray", "Stream", "Streamed", "adopt", "placed"]

# A stretch of streamed data; while one is computed with, the next is copied.
_STRETCH = 64 << 20
# What is left free for others: graphs, workspaces, cuBLAS.
_RESERVE = 256 << 20


def adopt(value: Any, name: str, driver: Driver) -> DeviceArray:
    """The array that another library has put on this device, without a copy.

    Raises
    ------
    ValueError
        It lies on another device, or is not C-contiguous.
    TypeError
        It holds no numbers that kernels read.
    """
    described = getattr(value, "__cuda_array_interface__", None)
    if described is None:
        from cuda.core.utils import StridedMemoryView

        view = StridedMemoryView.from_dlpack(value, driver.stream)
        itemsize = view.dtype.itemsize
        strides = view.strides and tuple(itemsize * s for s in view.strides)
        address, shape, dtype = view.ptr, tuple(view.shape), view.dtype
    else:
        address, shape = described["data"][0], tuple(described["shape"])
        strides, dtype = described.get("strides"), np.dtype(described["typestr"])
        if described.get("stream"):  # What makes the array may still be running there.
            driver.wait_for_stream(described["stream"])
    where = driver.device_of(address)
    if where != driver.index:
        raise ValueError(
            f"{name} lies on cuda:{where}, but the device in use is {driver.name}; copy it there, "
            f"or call nnkit.set_device('cuda:{where}')"
        )
    if dtype.kind not in "fiub" or dtype.itemsize not in (1, 2, 4, 8) or dtype == np.float16:
        raise TypeError(f"{name} must hold float32, float64, integers or bools, got {dtype}")
    if strides is not None and tuple(strides) != np.empty((0, *shape[1:]), dtype).strides:
        raise ValueError(f"{name} is not C-contiguous; give a contiguous copy of it")
    size = math.prod(shape) * dtype.itemsize
    return DeviceArray(Memory(address, size, value), shape, dtype, driver)


class Streamed:
    """An array of a data set that is too large for the device."""

    def __init__(self, host: np.ndarray) -> None:
        self.shape, self.dtype, self.host = host.shape, host.dtype, host

    def rows(self, count: int | None) -> np.ndarray:
        """The first ``count`` rows, or all if it is None."""
        return self.host[:count]


class DeviceArray:
    """An array on a GPU: data or a result, or put there by CuPy, torch, JAX or numba.

    Parameters
    ----------
    memory : Memory
        Keeps the owner alive.
    shape : tuple of int
        C-contiguous.
    dtype : numpy.dtype
    driver : Driver
    host : numpy.ndarray, optional
        The array that this is a copy of.
    """

    def __init__(
        self,
        memory: Memory,
        shape: tuple[int, ...],
        dtype: np.dtype,
        driver: Driver,
        host: np.ndarray | None = None,
    ) -> None:
        self.memory, self.shape, self.dtype = memory, shape, dtype
        self.driver, self._host = driver, host
        self.ndim, self.size = len(shape), math.prod(shape)
        self.nbytes = self.size * dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"<DeviceArray shape={self.shape} dtype={self.dtype} on {self.driver.name}>"

    def reshape(self, *shape: int) -> DeviceArray:
        """This memory as an array of another shape."""
        return DeviceArray(self.memory, shape, self.dtype, self.driver)

    def __getitem__(self, part: slice) -> DeviceArray:
        """Some consecutive samples."""
        start, stop, _ = part.indices(len(self))
        row = self.nbytes // max(len(self), 1)
        memory = Memory(self.memory.address + start * row, (stop - start) * row, self.memory)
        return DeviceArray(memory, (stop - start, *self.shape[1:]), self.dtype, self.driver)

    def rows(self, count: int | None) -> np.ndarray:
        """The first ``count`` rows, or all if it is None, on the host."""
        return self[:count].numpy() if self._host is None else self._host[:count]

    def numpy(self) -> np.ndarray:
        """A copy of the array on the host."""
        array = np.empty(self.shape, self.dtype)
        self.driver.download(self.memory, array)
        return array

    def first_not_finite(self, dtype: str) -> int | None:
        """The first sample with a number that is not finite as this type; None without one."""
        driver = self.driver
        found = np.array([self.size])
        memory = driver.allocate(found.nbytes)
        driver.upload(found, memory)
        limit = float(np.finfo(dtype).max)
        x = driver.view(self.memory, 0, (self.size,), (self.dtype.itemsize,), self.dtype)
        arguments = x, limit, driver.view(memory, 0, (1,), (8,), found.dtype)
        driver.launcher(first_not_finite, arguments)(*arguments)
        driver.download(memory, found)
        return None if found[0] == self.size else int(found[0]) * len(self) // self.size

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        """How other libraries take the array without a copy."""
        return {
            "shape": self.shape,
            "typestr": self.dtype.str,
            "data": (self.memory.address, False),
            "strides": None,
            "version": 3,
        }


@contextmanager
def placed(arrays: dict[str, Any], driver: Driver, results: tuple[str, ...]) -> Iterator[Bound]:
    """A data set on the device for as long as the block lasts; results are copied back."""
    total = sum(a.nbytes for a in arrays.values() if not isinstance(a, DeviceArray))
    limit = driver.free_memory() - _RESERVE if options.data_limit is None else options.data_limit
    if total > limit:
        foreign = [name for name, a in arrays.items() if isinstance(a, DeviceArray)]
        if foreign:
            raise DeviceError(
                f"{foreign[0].rstrip('0123456789')} lies on {driver.name}, where the rest of the "
                f"data, {total / 1e6:.0f} MB, does not fit beside it; give all data in host "
                "memory, and it is streamed"
            )
        yield {name: Streamed(a) for name, a in arrays.items()}
        return
    driver.enter()
    bound = {name: _resident(a, driver) for name, a in arrays.items()}
    yield bound
    for name in results:
        if not isinstance(arrays[name], DeviceArray):
            driver.download(bound[name].memory, arrays[name])


def _resident(array: Any, driver: Driver) -> DeviceArray:
    """An array as a whole on the device."""
    if isinstance(array, DeviceArray):
        return array
    memory = driver.allocate(max(array.nbytes, 1))
    driver.upload(np.ascontiguousarray(array), memory)
    return DeviceArray(memory, array.shape, array.dtype, driver, array)


class Stream:
    """Sends a data set through the device: two buffers on each side, used in turn.

    Parameters
    ----------
    bound : dict
        Streamed arrays, and perhaps ``"order"``, a host array.
    driver : Driver
    window : Window
        Its results are copied to the host instead.
    """

    def __init__(self, bound: Bound, driver: Driver, window: Window) -> None:
        self.driver, self.results = driver, window.results
        self.size, self.stride = window.size, window.stride
        self.order = bound.get("order")
        self.arrays = {n: a.host for n, a in bound.items() if isinstance(a, Streamed)}
        row = sum(a[:1].nbytes for a in self.arrays.values())
        limit = _STRETCH if options.data_limit is None else options.data_limit // 2
        self.batches = max(1, limit // max(1, row * self.stride))
        rows = (self.batches - 1) * self.stride + self.size
        self._sides = [self._side(rows) for _ in range(2)]

    def _side(self, rows: int) -> _Side:
        staging, memory = {}, {}
        for name, array in self.arrays.items():
            size = max(1, rows * array[:1].nbytes)
            staging[name] = self.driver.staging(size)
            memory[name] = self.driver.allocate(size)
        if self.order is not None:  # The rows are put in order on the way.
            order = np.arange(rows)
            memory["order"] = self.driver.allocate(order.nbytes)
            self.driver.upload(order, memory["order"])
        return _Side(staging, memory)

    def stretches(self, first: int, steps: int) -> Iterator[tuple[int, dict[str, Memory]]]:
        """Batches of each stretch, and where they lie; the next is sent while one is in use."""
        starts = range(first, first + steps, self.batches)
        counts = [min(self.batches, first + steps - start) for start in starts]
        for turn, (start, count) in enumerate(zip(starts, counts, strict=True)):
            if turn == 0:
                self._send(self._sides[0], start, count)
            side = self._sides[turn % 2]
            yield count, side.memory
            side.used = self.driver.mark()
            if turn + 1 < len(counts):
                self._send(self._sides[(turn + 1) % 2], starts[turn + 1], counts[turn + 1])
            for name in self.results:
                rows = self._rows(start, count)
                self.driver.download(side.memory[name], self.arrays[name][rows])

    def _rows(self, start: int, count: int) -> slice:
        first = start * self.stride
        return slice(first, first + (count - 1) * self.stride + self.size)

    def _send(self, side: _Side, start: int, count: int) -> None:
        for event in (side.copied, side.used):
            if event is not None:
                self.driver.wait(event)
        rows = self._rows(start, count)
        for name, array in self.arrays.items():
            if name in self.results:
                continue
            shape = (rows.stop - rows.start, *array.shape[1:])
            staged = side.staging[name][: math.prod(shape) * array.itemsize]
            target = staged.view(array.dtype).reshape(shape)
            if self.order is None:
                target[...] = array[rows]
            else:
                np.take(array, self.order[rows], 0, target, "clip")
            self.driver.upload_behind(staged, side.memory[name])
        side.copied, side.used = self.driver.handover(), None


@dataclass
class _Side:
    """A buffer of each array in staging memory and on the device; when both are free again."""

    staging: dict[str, np.ndarray]
    memory: dict[str, Memory]
    copied: Any = None
    used: Any = None
