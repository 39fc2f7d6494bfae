"""The driver's double for numba's CUDA simulator: host memory, and launches that run at once."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

from nnkit.engine.cuda.driver import Driver, Graph, Memory, Shape
from nnkit.kernels.cuda._cuda import CudaKernel

__all__ = ["Simulator"]

_OUT_OF_MEMORY = 2  # CUDA_ERROR_OUT_OF_MEMORY


class Simulator(Driver):
    """A driver whose calls of CUDA work on the host, and whose kernels are numba's simulated ones.

    Attributes
    ----------
    api : HostMemory
    """

    lt = None
    multiprocessors = 1

    def _open(self) -> Any:
        return HostMemory()

    def _select(self) -> None:
        pass

    def staging(self, size: int) -> np.ndarray:
        """Host memory like any other."""
        return np.empty(size, np.uint8)

    def device_of(self, address: int) -> int:
        """The number of this device: a simulated machine has no other."""
        return self.index

    def view(
        self, memory: Memory, offset: int, shape: Shape, strides: Shape, dtype: np.dtype
    ) -> Any:
        """An array that the simulated kernels take without copying it."""
        from numba.cuda.simulator.cudadrv.devicearray import FakeCUDAArray

        return FakeCUDAArray(self.array(memory, offset, shape, strides, dtype))

    def array(
        self, memory: Memory, offset: int, shape: Shape, strides: Shape, dtype: np.dtype
    ) -> np.ndarray:
        """An array of NumPy in simulated device memory."""
        content = self.api.bytes_at(memory.address, memory.size)
        return np.ndarray(shape, dtype, content, offset, strides)

    def launcher(self, kernel: CudaKernel, arguments: Sequence[Any]) -> Any:
        """A function that runs the kernel, or adds its launch to the graph being captured."""
        grid, block = kernel.geometry(arguments)

        def launch(*given: Any) -> None:
            if self.api.captured is None:
                kernel.dispatcher[grid, block](*given)
            else:
                self.api.captured.append(lambda: kernel.dispatcher[grid, block](*given))

        return launch

    @contextmanager
    def capture(self) -> Iterator[Graph]:
        """Launches inside the block wait for :meth:`Graph.launch`."""
        graph = Graph(self)
        captured: list[Callable[[], None]] = []
        self.api.captured = captured
        try:
            yield graph
        finally:
            self.api.captured = None
        graph.instantiate(captured)


class HostMemory:
    """The functions of ``cuda.bindings.driver`` on memory of the host.

    They give an error's code and perhaps a result. What only orders copies and launches, which are
    done here when they return, does nothing.

    Attributes
    ----------
    total : int
        Bytes that an allocation may have.
    captured : list of callable or None
        Launches, while a stream is captured.
    """

    CUstream_flags = SimpleNamespace(CU_STREAM_NON_BLOCKING=1)

    def __init__(self) -> None:
        self.total = 1 << 32
        self.captured: list[Callable[[], None]] | None = None
        self._blocks: dict[int, np.ndarray] = {}

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("cu"):
            raise AttributeError(name)
        return lambda *_: (0, 0)

    def cuMemAlloc(self, size: int) -> tuple[int, ...]:
        """Memory filled with NaN, so that what is read before it is written shows."""
        if size > self.total:
            return (_OUT_OF_MEMORY,)
        content = np.full(-(-size // 8) * 8, 0xFF, np.uint8)[:size]
        self._blocks[content.ctypes.data] = content
        return 0, content.ctypes.data

    def cuMemFree(self, address: int) -> tuple[int]:
        """Forget a block of memory."""
        del self._blocks[address]
        return (0,)

    def cuMemGetInfo(self) -> tuple[int, int, int]:
        """All of the memory is free, always."""
        return 0, self.total, self.total

    def cuGetErrorName(self, error: int) -> tuple[int, bytes]:
        """The name of the only error that there is."""
        return 0, b"CUDA_ERROR_OUT_OF_MEMORY"

    def copy(self, to: int, source: int, size: int, stream: int) -> tuple[int]:
        """Copy between the host's and simulated memory, or within either."""
        self.bytes_at(to, size)[...] = self.bytes_at(source, size)
        return (0,)

    cuMemcpyHtoDAsync = cuMemcpyDtoHAsync = cuMemcpyDtoDAsync = copy  # noqa: N815

    def cuMemsetD8Async(self, to: int, value: int, size: int, stream: int) -> tuple[int]:
        """Fill simulated memory."""
        self.bytes_at(to, size)[...] = value
        return (0,)

    def cuGraphInstantiate(self, captured: Any, flags: int) -> tuple[int, Any]:
        """What can be launched: the launches themselves."""
        return 0, captured

    def cuGraphLaunch(self, launches: Any, stream: int) -> tuple[int]:
        """Run the launches in order."""
        for launch in launches:
            launch()
        return (0,)

    def bytes_at(self, address: int, size: int) -> np.ndarray:
        """Some bytes of a block, or of somebody else's array.

        Raises
        ------
        IndexError
            They begin within a block, and end beyond it.
        """
        for start, content in self._blocks.items():
            if 0 <= address - start < content.size:
                if address - start + size > content.size:
                    raise IndexError(
                        f"{size} bytes from {address - start} on are not within {content.size}"
                    )
                return content[address - start : address - start + size]
        return np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(address))
