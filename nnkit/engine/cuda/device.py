"""A GPU as a device: what it does for the engine."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np

from nnkit import config
from nnkit.engine.cuda import data
from nnkit.engine.cuda.driver import Driver
from nnkit.engine.cuda.places import DeviceArena
from nnkit.engine.cuda.program import CudaProgram
from nnkit.engine.cuda.simulator import Simulator
from nnkit.engine.device import Bound, Device, Lock, Window
from nnkit.engine.mirrors import bring_home
from nnkit.engine.program import Program
from nnkit.engine.tape import Tape
from nnkit.kernels.cuda._cuda import SIMULATED

__all__ = ["CudaDevice"]


class CudaDevice(Device):
    """A GPU, or what a driver makes of the host.

    Steps are recorded on the host, on the first rows of the data, and all that this changes is put
    back: what counts is what the device does.

    Parameters
    ----------
    name : str
        For example ``"cuda:0"``.
    driver : Driver, optional
        By default that of the GPU, or the simulator's double if numba simulates GPUs.
    """

    on_host = False

    def __init__(self, name: str, driver: Driver | None = None) -> None:
        self.name = name
        kind = Simulator if SIMULATED else Driver
        self.driver = driver or kind(int(name.removeprefix("cuda:")))

    @property
    def key(self) -> tuple[Any, ...]:  # type: ignore[override]
        """The GPU's name, and how products are rounded."""
        return self.name, config.matmul_precision()

    def empty(self, shape: tuple[int, ...], dtype: np.dtype) -> data.DeviceArray:
        """An array in the GPU's memory."""
        memory = self.driver.allocate(max(1, math.prod(shape) * dtype.itemsize))
        return data.DeviceArray(memory, shape, dtype, self.driver)

    def adopt(self, value: Any, name: str) -> data.DeviceArray:
        """An array on this GPU; see :func:`nnkit.engine.cuda.data.adopt`."""
        return data.adopt(value, name, self.driver)

    def placed(self, arrays: Bound, results: tuple[str, ...] = ()) -> AbstractContextManager[Bound]:
        """The data set in the GPU's memory, or streamed if it is too large."""
        return data.placed(arrays, self.driver, results)

    def arena(self) -> DeviceArena:
        """An arena in the GPU's memory."""
        return DeviceArena(self.driver)

    def take(self, lasting: Sequence[np.ndarray]) -> None:
        """Do nothing: a replay brings what it needs."""

    @contextmanager
    def in_python(self, lock: Lock) -> Iterator[None]:
        """Hold the GPU, then the lock: a replay holds the GPU, and its layers may run a model."""
        with self.driver.alone(), lock():
            yield

    @contextmanager
    def sample(self, bound: Bound, window: Window, second: bool) -> Iterator[Bound]:
        """The first rows of the data, in their order, one batch of them or two."""
        bring_home(self.driver)
        rows = min(value.shape[0] for value in bound.values())
        number = int(second and rows >= window.stride + window.size)
        count = number * window.stride + window.size
        sample: Bound = {}
        for name, value in bound.items():
            if name == "order":
                sample[name] = np.arange(count)
            elif name in window.results:
                sample[name] = np.empty((count, *value.shape[1:]), value.dtype)
            else:
                first = value[:count] if isinstance(value, np.ndarray) else value.rows(count)
                sample[name] = np.ascontiguousarray(first).view()
        before = int(window.batch[0])
        window.batch[0] = number
        try:
            yield sample
        finally:
            window.batch[0] = before

    @contextmanager
    def brought(self, bound: Bound, window: Window) -> Iterator[Bound]:
        """Copies on the host of what lies in the GPU's memory; results go back there."""
        there = {name: value for name, value in bound.items() if not isinstance(value, np.ndarray)}
        with self.driver.alone():
            bring_home(self.driver)
            copies = bound | {name: value.rows(None) for name, value in there.items()}
            yield copies
            for name in window.results:
                if name in there and not isinstance(there[name], data.Streamed):
                    self.driver.upload(copies[name], there[name].memory)

    def program(
        self, tape: Tape, single: Program, arena: DeviceArena, share: float, window: Window
    ) -> CudaProgram:
        """The replay of a tape on this GPU."""
        return CudaProgram(tape, self.driver, arena, window)
