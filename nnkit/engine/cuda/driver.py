"""The few calls of the CUDA driver that the engine needs, on one stream of one device.

The stream is a non-blocking one: the legacy stream, which other libraries use, must not disturb a
capture. numba launches on it, too.
"""

from __future__ import annotations

import functools
import gc
import logging
import math
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

from nnkit.engine.cuda.blas import WORKSPACE, Lt
from nnkit.errors import DeviceError
from nnkit.kernels.cuda._cuda import CudaKernel, cuda

__all__ = ["Driver", "Memory"]

Shape = tuple[int, ...]

_log = logging.getLogger("nnkit")


class Memory:
    """Some bytes on a device; they are given back with the last reference.

    Attributes
    ----------
    address : int
    size : int
        Bytes.
    keep : object
        Whoever owns the memory, if it is not ours.
    """

    def __init__(self, address: int, size: int, keep: Any = None) -> None:
        self.address, self.size, self.keep = address, size, keep


class Driver:
    """One GPU: memory, copies, launches, graphs. All work is queued on one stream.

    Parameters
    ----------
    index : int
        Number of the device.

    Attributes
    ----------
    lock : threading.RLock
        Held by whoever runs a step.
    name : str
        For example ``"cuda:0"``.

    Raises
    ------
    DeviceError
        From every method: names the failed call and CUDA's own name of the error.
    """

    def __init__(self, index: int) -> None:
        self.index, self.name = index, f"cuda:{index}"
        self.lock = threading.RLock()
        self._dropped: list[int] = []  # Addresses to free when no capture is under way.
        self._select()
        self.api = self._open()
        self.stream = self._new_stream()
        self.upload_stream = self._new_stream()

    def _open(self) -> Any:
        """The functions of CUDA's driver, as ``cuda.bindings`` has them."""
        from cuda.bindings import driver

        return driver

    def _select(self) -> None:
        """Make the device this thread's current one."""
        cuda.select_device(self.index)

    @functools.cached_property
    def launch_stream(self) -> Any:
        """The stream as numba's launches take it."""
        return cuda.external_stream(self.stream)

    @functools.cached_property
    def multiprocessors(self) -> int:
        """How many multiprocessors the device has."""
        return int(cuda.get_current_device().MULTIPROCESSOR_COUNT)

    def _call(self, name: str, *arguments: Any) -> Any:
        error, *results = getattr(self.api, name)(*arguments)
        if int(error) != 0:
            _, text = self.api.cuGetErrorName(error)
            named = text.decode() if isinstance(text, bytes) else str(error)
            raise DeviceError(f"{name} failed on {self.name}: {named}")
        return results[0] if len(results) == 1 else results

    def _new_stream(self) -> int:
        flag = self.api.CUstream_flags.CU_STREAM_NON_BLOCKING
        return int(self._call("cuStreamCreate", int(flag)))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A block in which no other thread runs steps on the device."""
        with self.lock:
            self.enter()
            yield

    def enter(self) -> None:
        """Make the device this thread's current one, and free memory that nobody uses."""
        self._select()
        while self._dropped:
            self._call("cuMemFree", self._dropped.pop())

    # ------------------------------------------------------------------------------- memory

    def allocate(self, size: int) -> Memory:
        """Memory of so many bytes, with any content."""
        self.enter()
        try:
            address = int(self._call("cuMemAlloc", size))
        except DeviceError as error:
            if "OUT_OF_MEMORY" not in str(error):
                raise
            free, total = self._call("cuMemGetInfo")
            raise DeviceError(
                f"out of memory on {self.name}: {size / 1e6:.1f} MB are needed, "
                f"{free / 1e6:.1f} of {total / 1e6:.1f} MB are free; use a smaller batch_size or "
                "model, or end what else uses the device. The model is as it was before"
            ) from None
        memory = Memory(address, size)
        weakref.finalize(memory, self._dropped.append, address)
        return memory

    def free_memory(self) -> int:
        """Bytes that could still be allocated, by this process or another."""
        return int(self._call("cuMemGetInfo")[0])

    def staging(self, size: int) -> np.ndarray:
        """Host memory that the device copies from while the host goes on."""
        array: np.ndarray = cuda.pinned_array(size, np.uint8)
        return array

    def upload(self, source: np.ndarray, target: Memory, offset: int = 0) -> None:
        """Copy a contiguous array to the device; it may be changed as soon as this returns."""
        self._select()
        if source.nbytes:
            to = target.address + offset
            self._call("cuMemcpyHtoDAsync", to, source.ctypes.data, source.nbytes, self.stream)
            self.synchronize()

    def upload_behind(self, source: np.ndarray, target: Memory) -> None:
        """Start to copy staging memory while a step may be running; see :meth:`handover`."""
        arguments = target.address, source.ctypes.data, source.nbytes, self.upload_stream
        self._call("cuMemcpyHtoDAsync", *arguments)

    def handover(self) -> Any:
        """Let the steps that are queued next wait for the copies that were started.

        Returns an event to wait for with :meth:`wait`: then the staging memory is free again.
        """
        event = self.mark(self.upload_stream)
        self._call("cuStreamWaitEvent", self.stream, event, 0)
        return event

    def wait(self, event: Any) -> None:
        """Wait for an event, then destroy it."""
        self._call("cuEventSynchronize", event)
        self._call("cuEventDestroy", event)

    def wait_for_stream(self, stream: int) -> None:
        """Wait for what others have queued: 1 is the legacy stream, 2 the thread's own."""
        self._call("cuStreamSynchronize", stream)

    def device_of(self, address: int) -> int:
        """Number of the device that memory lies on."""
        attribute = self.api.CUpointer_attribute.CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL
        return int(self._call("cuPointerGetAttribute", attribute, address))

    def mark(self, stream: int | None = None) -> Any:
        """An event after all that is queued now, on a stream other than the steps' if given."""
        event = self._call("cuEventCreate", 2)  # Without timing.
        self._call("cuEventRecord", event, self.stream if stream is None else stream)
        return event

    def download(self, source: Memory, target: np.ndarray, offset: int = 0) -> None:
        """Wait for all work, and copy to a contiguous array."""
        self._select()
        if target.nbytes:
            at = source.address + offset
            self._call("cuMemcpyDtoHAsync", target.ctypes.data, at, target.nbytes, self.stream)
            self.synchronize()

    def copy(self, source: Memory, offset: int, target: Memory, size: int) -> None:
        """Copy within the device, in the order of the stream."""
        arguments = target.address, source.address + offset, size, self.stream
        self._call("cuMemcpyDtoDAsync", *arguments)

    def clear(self, memory: Memory, offset: int, size: int) -> None:
        """Fill memory with zeros, in the order of the stream."""
        self._call("cuMemsetD8Async", memory.address + offset, 0, size, self.stream)

    def view(
        self, memory: Memory, offset: int, shape: Shape, strides: Shape, dtype: np.dtype
    ) -> Any:
        """An array in device memory, as kernels take it."""
        interface = {
            "data": (memory.address + offset if math.prod(shape) else 0, False),
            "shape": shape,
            "strides": strides,
            "typestr": dtype.str,
            "version": 3,
            "stream": None,
        }
        described = SimpleNamespace(__cuda_array_interface__=interface)
        return cuda.as_cuda_array(described, sync=False)

    # ----------------------------------------------------------------------------- launches

    def launcher(self, kernel: CudaKernel, arguments: Sequence[Any]) -> Any:
        """A function of the arguments that launches a kernel for arrays of these shapes."""
        grid, block = kernel.geometry(arguments)
        return kernel.dispatcher[grid, block, self.launch_stream]

    @functools.cached_property
    def lt(self) -> Lt | None:
        """cuBLASLt, None if the machine has none: then products are nnkit's own kernels."""
        lt = Lt.open()
        if lt is None:
            _log.warning("cuBLASLt is missing, so products are slow: pip install 'nnkit[cuda]'")
        return lt

    @functools.cached_property
    def workspace(self) -> Memory:
        """Memory for cuBLASLt: one block, as products run one after the other on one stream."""
        return self.allocate(WORKSPACE)

    def synchronize(self) -> None:
        """Wait for all that is queued on the stream."""
        self._call("cuStreamSynchronize", self.stream)

    @contextmanager
    def capture(self) -> Iterator[Graph]:
        """Launches inside the block become a graph instead of running.

        Nothing may be allocated, compiled, freed or waited for in there: so no garbage is
        collected, and every kernel must have been launched before.
        """
        graph = Graph(self)
        collects = gc.isenabled()
        gc.collect()
        gc.disable()
        mode = self.api.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED
        try:
            with cuda.defer_cleanup():
                self._call("cuStreamBeginCapture", self.stream, mode)
                try:
                    yield graph
                finally:  # After an error too, or the stream stays captured.
                    captured = self._call("cuStreamEndCapture", self.stream)
                graph.instantiate(captured)
        finally:
            if collects:
                gc.enable()


class Graph:
    """Captured launches, replayed with one call."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self._executable: Any = None

    def instantiate(self, captured: Any) -> None:
        """Make captured launches ready to run."""
        call = self.driver._call
        self._executable = call("cuGraphInstantiate", captured, 0)
        call("cuGraphDestroy", captured)
        call("cuGraphUpload", self._executable, self.driver.stream)
        weakref.finalize(self, self.driver.api.cuGraphExecDestroy, self._executable)

    def launch(self) -> None:
        """Queue all captured launches."""
        self.driver._call("cuGraphLaunch", self._executable, self.driver.stream)
