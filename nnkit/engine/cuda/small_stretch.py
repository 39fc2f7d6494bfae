"""The step of a small dense model on a device: many steps in one launch, or three launches each."""

from __future__ import annotations

import numpy as np

from nnkit.engine.cuda.launches import KernelLaunch
from nnkit.engine.cuda.options import options
from nnkit.engine.cuda.places import Places
from nnkit.engine.cuda.small import Scratch, SmallStep, match
from nnkit.engine.cuda.stretch import Stretch
from nnkit.engine.tape import Tape
from nnkit.errors import DeviceError
from nnkit.kernels.cuda._cuda import CudaKernel
from nnkit.kernels.cuda.fused.persistent import persistent
from nnkit.kernels.cuda.fused.steps import three_steps

__all__ = ["SmallStretch", "small_dense"]


def small_dense(tape: Tape, places: Places) -> SmallStretch | None:
    """The faster launches of a step, None unless it trains a small model with one hidden layer."""
    small = match(tape, places.driver.multiprocessors)
    return None if small is None else SmallStretch(small, places)


class SmallStretch:
    """Launches that do what the recorded calls of a small dense model's step do.

    Parameters
    ----------
    small : SmallStep
    places : Places
    """

    def __init__(self, small: SmallStep, places: Places) -> None:
        self._places = places
        placed = {
            name: places.scratch(a.shape, a.dtype) if isinstance(a, Scratch) else a
            for name, a in small.arguments.items()
        }

        def launch(kernel: CudaKernel) -> KernelLaunch:
            named = {"steps": 1, **placed}
            return KernelLaunch(kernel, [named[name] for name in kernel.parameters], None, places)

        self._three = Stretch(
            [launch(kernel) for kernel in three_steps(small.tiling)], places.driver
        )
        self._persistent = launch(persistent(small.tiling)) if small.stays else None
        self._failed = placed["failed"]
        self._addresses: tuple[int, ...] = ()

    def run(self, addresses: tuple[int, ...], steps: int) -> None:
        """Queue so many steps; ``addresses`` tell whether memory has moved since the last time."""
        many = self._persistent
        if many is None or options.fuse == "three":
            self._three.run(addresses, steps)
            return
        if addresses != self._addresses:
            many.place()
            self._addresses = addresses
        many(steps=steps)

    def check(self) -> None:
        """After the steps have been waited for: raise DeviceError if blocks did not all meet."""
        if self._persistent is None:
            return
        flag = np.zeros(1, np.int32)
        self._places.driver.download(self._places.find(self._failed)[0], flag)
        if flag[0]:
            self._persistent = None  # Its barrier has lost count.
            raise DeviceError(
                "the blocks of a fused training step did not meet; something else may have kept "
                "the device busy. Go on with nnkit.engine.cuda.options.options.fuse = 'three'"
            )
