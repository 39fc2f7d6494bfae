"""The processor as a device."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NoReturn

import numpy as np

from nnkit.engine.device import Bound, Device, Lock, Window
from nnkit.engine.memory import Arena
from nnkit.engine.mirrors import exist, writing
from nnkit.engine.program import Program, choose_workers
from nnkit.engine.tape import Tape

__all__ = ["CPU", "CpuDevice"]


class CpuDevice(Device):
    """Works in the host's memory, where everything lies anyway."""

    name, key, on_host = "cpu", ("cpu",), True

    def empty(self, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """An array of NumPy."""
        return np.empty(shape, dtype)

    def adopt(self, value: Any, name: str) -> NoReturn:
        """Refuse an array on a GPU.

        Raises
        ------
        TypeError
            Always.
        """
        raise TypeError(
            f"{name} is a {type(value).__name__} on a GPU, but the device in use is the cpu: call "
            "nnkit.set_device('cuda') first, or give a copy in host memory"
        )

    def placed(self, arrays: Bound, results: tuple[str, ...] = ()) -> AbstractContextManager[Bound]:
        """The arrays as they are."""
        return nullcontext(arrays)

    def arena(self) -> Arena:
        """An arena in host memory."""
        return Arena()

    def take(self, lasting: Sequence[np.ndarray]) -> None:
        """Bring home what a step on a GPU may have left there."""
        if exist():
            for array in lasting:
                writing(array)

    def in_python(self, lock: Lock) -> AbstractContextManager[Any]:
        """What ``lock()`` is: the processor needs no other lock."""
        return lock()

    def sample(self, bound: Bound, window: Window, second: bool) -> AbstractContextManager[Bound]:
        """The data itself, as views: a tape knows arrays by identity, and two may be one."""
        return nullcontext({name: array.view() for name, array in bound.items()})

    def brought(self, bound: Bound, window: Window) -> AbstractContextManager[Bound]:
        """The arrays as they are."""
        return nullcontext(bound)

    def program(
        self, tape: Tape, single: Program, arena: Arena, share: float, window: Window
    ) -> Program:
        """A program for as many workers as have enough to do."""
        workers = choose_workers(tape, share)
        return single if workers == 1 else Program(tape, arena, workers)


CPU = CpuDevice()
