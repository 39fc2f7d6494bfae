"""The step of a small dense model on a device: many steps in one launch, or three launches each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit.engine.cuda.launches import KernelLaunch
from nnkit.engine.cuda.options import options
from nnkit.engine.cuda.places import Places
from nnkit.engine.cuda.small import Scratch, SmallStep, match
from nnkit.engine.cuda.stretch import Stretch
from nnkit.engine.references import Reference
from nnkit.engine.tape import Tape
from nnkit.errors import DeviceError
from nnkit.kernels.cuda._cuda import CudaKernel

__all__ = ["SmallStretch", "small_dense"]


def small_dense(tape: Tape, places: Places) -> SmallStretch | None:
    """The pattern: training of a small dense model with one hidden layer."""
    small = match(tape, places.driver.multiprocessors)
    return None if small is None else SmallStretch(small, places)


class SmallStretch:
    """The step of a small dense model: many steps in one launch, or three launches a step.

    Parameters
    ----------
    small : SmallStep
    places : Places
    """

    def __init__(self, small: SmallStep, places: Places) -> None:
        self.driver, self._places = places.driver, places
        scratch: dict[int, Reference] = {}

        def launch(kernel: CudaKernel, arguments: Sequence[Any]) -> KernelLaunch:
            for a in arguments:
                if isinstance(a, Scratch):
                    scratch.setdefault(id(a), places.scratch(a.shape, a.dtype))
            placed = [scratch.get(id(a), a) for a in arguments]
            return KernelLaunch(kernel, placed, None, places)

        self._three = Stretch([launch(*each) for each in small.three_kernels()], self.driver)
        found = small.persistent(1)
        self._persistent = None if found is None else launch(*found)
        self._failed = scratch.get(id(small.failed))
        self._placed: tuple[int, ...] = ()

    def run(self, addresses: tuple[int, ...], steps: int) -> None:
        """Queue so many steps."""
        many = self._persistent
        if many is None or options.fuse == "three":
            self._three.run(addresses, steps)
            return
        if addresses != self._placed:
            many.place()
            self._placed = addresses
        many(steps=steps)

    def check(self) -> None:
        """After the steps: whether all blocks of a launch have met."""
        if self._failed is None:
            return
        flag = np.zeros(1, np.int32)
        self.driver.download(self._places.find(self._failed)[0], flag)
        if flag[0]:
            self._persistent = None  # Its barrier has lost count.
            for twin in self._places.written:
                twin.newer = "host"
            raise DeviceError(
                "the blocks of a fused training step did not meet; something else may have kept "
                "the device busy. Go on with nnkit.engine.cuda.options.options.fuse = 'three'"
            )
