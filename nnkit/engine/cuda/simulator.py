"""The driver's double for numba's CUDA simulator: host memory, and launches that run at once."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from nnkit.engine.cuda.driver import Driver, Graph, Memory, Shape, out_of_memory
from nnkit.kernels.cuda._cuda import CudaKernel

__all__ = ["Simulator"]


class Simulator(Driver):
    """What :class:`Driver` does, on the host.

    Attributes
    ----------
    total : int
        Bytes that may be allocated.
    """

    total = 1 << 32
    lt = None

    def __init__(self, index: int) -> None:
        self.name, self.index, self.stream = f"cuda:{index}", index, 0
        self.lock, self.multiprocessors = threading.RLock(), 1
        self._captured: list[Callable[[], None]] | None = None

    def enter(self) -> None:
        """There is only one."""

    def allocate(self, size: int) -> Memory:
        """Memory filled with NaN, so that what is read before it is written shows."""
        if size > self.total:
            raise out_of_memory(self.name, size, self.total, self.total)
        content = np.full(-(-size // 8) * 8, 0xFF, np.uint8)
        return Memory(content.ctypes.data, size, content)

    def free_memory(self) -> int:
        """All of it, always."""
        return self.total

    def total_memory(self) -> int:
        """All of it."""
        return self.total

    def staging(self, size: int) -> np.ndarray:
        """Ordinary memory."""
        return np.empty(size, np.uint8)

    def upload(self, source: np.ndarray, target: Memory, offset: int = 0) -> None:
        """Copy."""
        _bytes(target, offset, source.nbytes)[...] = source.reshape(-1).view(np.uint8)

    def upload_behind(self, source: np.ndarray, target: Memory) -> None:
        """Copy."""
        self.upload(source, target)

    def handover(self) -> Any:
        """There is nothing to wait for."""

    def wait_for_stream(self, stream: int) -> None:
        """There is nothing to wait for."""

    def device_of(self, address: int) -> int:
        """There is only one."""
        return self.index

    def mark(self) -> Any:
        """There is nothing to wait for."""

    def wait(self, event: Any) -> None:
        """There is nothing to wait for."""

    def download(self, source: Memory, target: np.ndarray, offset: int = 0) -> None:
        """Copy."""
        target.reshape(-1).view(np.uint8)[...] = _bytes(source, offset, target.nbytes)

    def copy(self, source: Memory, offset: int, target: Memory, size: int) -> None:
        """Copy."""
        _bytes(target, 0, size)[...] = _bytes(source, offset, size)

    def clear(self, memory: Memory, offset: int, size: int) -> None:
        """Zeros."""
        _bytes(memory, offset, size)[...] = 0

    def view(
        self, memory: Memory, offset: int, shape: Shape, strides: Shape, dtype: np.dtype
    ) -> Any:
        """An array that the simulated kernels take without copying it."""
        from numba.cuda.simulator.cudadrv.devicearray import FakeCUDAArray

        return FakeCUDAArray(self.array(memory, offset, shape, strides, dtype))

    @staticmethod
    def array(
        memory: Memory, offset: int, shape: Shape, strides: Shape, dtype: np.dtype
    ) -> np.ndarray:
        """The array itself."""
        return np.ndarray(shape, dtype, _bytes(memory, 0, memory.size), offset, strides)

    def launcher(self, kernel: CudaKernel, arguments: Sequence[Any]) -> Any:
        """A function that runs the kernel, or adds it to what is captured."""
        grid, block = kernel.geometry(arguments)

        def launch(*arguments: Any) -> None:
            if self._captured is None:
                kernel.dispatcher[grid, block](*arguments)
            else:
                self._captured.append(lambda: kernel.dispatcher[grid, block](*arguments))

        return launch

    def synchronize(self) -> None:
        """Launches have run when they return."""

    @contextmanager
    def capture(self) -> Iterator[Graph]:
        """Launches inside the block wait for :meth:`Graph.launch`."""
        graph = _Captured()
        self._captured = graph.launches
        try:
            yield graph
        finally:
            self._captured = None


def _bytes(memory: Memory, offset: int, size: int) -> np.ndarray:
    """Some bytes of simulated memory."""
    if not 0 <= offset <= offset + size <= memory.size:
        raise IndexError(f"{size} bytes from {offset} on are not within {memory.size}")
    return np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(memory.address + offset))


class _Captured(Graph):
    """Launches in order."""

    def __init__(self) -> None:
        self.launches: list[Callable[[], None]] = []

    def launch(self) -> None:
        """Run them."""
        for launch in self.launches:
            launch()
