"""What differs between devices: how a step is replayed, and where its data lies."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from nnkit.engine.devices import current
from nnkit.engine.memory import Arena
from nnkit.engine.program import MANY_STEPS
from nnkit.engine.step import Bound, Step, Window

__all__ = ["Replayer", "adopt", "empty_in_place", "on_gpu", "placed"]


_CUDA = 2  # kDLCUDA in dlpack.h.


class Replayer:
    """Makes the steps of one model on the device in use; they share the memory of temporaries.

    Parameters
    ----------
    python, blame, share
        See :class:`nnkit.engine.step.Step`.
    """

    def __init__(
        self,
        python: Callable[[], AbstractContextManager[Any]],
        blame: Callable[[Any], bool],
        share: float = MANY_STEPS,
    ) -> None:
        self.python, self.blame, self.share = python, blame, share
        self.arena = Arena()
        self._device_arenas: dict[str, Any] = {}

    def step(
        self,
        function: Callable[[Bound], None],
        state: Sequence[np.ndarray],
        results: tuple[str, ...],
        window: Window,
        eager: bool,
    ) -> Step:
        """A step of this function; see :class:`nnkit.engine.step.Step`."""
        name = current()
        if name == "cpu":
            shared = self.arena, self.python, self.blame
            return Step(function, state, results, *shared, eager, self.share)
        from nnkit.engine.cuda.driver import open_device
        from nnkit.engine.cuda.operands import DeviceArena
        from nnkit.engine.cuda.step import CudaStep

        driver = open_device(name)
        if name not in self._device_arenas:
            self._device_arenas[name] = DeviceArena(driver)
        arenas = self.arena, self._device_arenas[name]
        return CudaStep(
            function, state, results, window, driver, arenas, self.python, self.blame, eager
        )


def on_gpu(value: Any) -> bool:
    """Whether an array lies on a GPU, as its library says."""
    if hasattr(value, "__dlpack_device__") and int(value.__dlpack_device__()[0]) == _CUDA:
        return True
    return hasattr(value, "__cuda_array_interface__")


def adopt(value: Any, name: str) -> Any:
    """An array on the GPU in use, not copied; see :func:`nnkit.engine.cuda.data.adopt`.

    Raises
    ------
    TypeError
        The device in use is the processor.
    """
    if current() == "cpu":
        raise TypeError(
            f"{name} is a {type(value).__name__} on a GPU, but the device in use is the cpu: call "
            "nnkit.set_device('cuda') first, or give a copy in host memory"
        )
    from nnkit.engine.cuda import data
    from nnkit.engine.cuda.driver import open_device

    return data.adopt(value, name, open_device(current()))


def empty_in_place(shape: tuple[int, ...], dtype: np.dtype) -> Any:
    """An array in the memory of the device in use."""
    if current() == "cpu":
        return np.empty(shape, dtype)
    from nnkit.engine.cuda.data import DeviceArray
    from nnkit.engine.cuda.driver import open_device

    driver = open_device(current())
    return DeviceArray(
        driver.allocate(max(1, math.prod(shape) * dtype.itemsize)), shape, dtype, driver
    )


def placed(arrays: dict[str, Any], results: tuple[str, ...] = ()) -> AbstractContextManager[Bound]:
    """A data set where the device in use finds it, for as long as the block lasts.

    Parameters
    ----------
    arrays : dict of str to array
    results : tuple of str
        Names of those that steps write: on leaving the block, the host has them.
    """
    name = current()
    if name == "cpu":
        return nullcontext(arrays)
    from nnkit.engine.cuda.data import placed as placed_on_device
    from nnkit.engine.cuda.driver import open_device

    return placed_on_device(arrays, open_device(name), results)
