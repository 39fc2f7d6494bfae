"""Runs a graph on a GPU: replays the tapes of :mod:`nnkit.symbolic.run.native`. Imports CUDA.

Shared variables stay in the device's memory from call to call, and come to the host when somebody
looks. What is cut out of them in Python, such as a mini-batch of a data set, is copied within the
device to where the kernels expect it. Arguments are copied there, results from there. Operations
that have no kernels run in NumPy in the middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit.engine.cuda.device import CudaDevice
from nnkit.engine.cuda.driver import Driver, Memory
from nnkit.engine.cuda.places import DeviceArena
from nnkit.engine.cuda.program import CudaProgram
from nnkit.engine.mirrors import mirror_of, private, reading
from nnkit.engine.references import root
from nnkit.kernels._jit import address
from nnkit.symbolic.run.evaluate import Evaluator
from nnkit.symbolic.run.lowering import Lowering
from nnkit.symbolic.run.native import Native
from nnkit.symbolic.run.recorded import Recorded
from nnkit.symbolic.tensor.variable import SharedVariable

__all__ = ["NativeOnGpu"]


class NativeOnGpu(Native):
    """A graph, and the programs made of it for a GPU.

    Parameters
    ----------
    evaluator : Evaluator
    device : CudaDevice
    """

    def __init__(self, evaluator: Evaluator, device: CudaDevice) -> None:
        super().__init__(evaluator)
        self._driver, self._arena, self._specific = device.driver, device.arena(), True
        wanted = [v for node in evaluator.nodes for v in node.inputs]
        wanted += [*evaluator.graph.outputs, *evaluator.graph.updated]
        self._resident = list({id(v): v for v in wanted if isinstance(v, SharedVariable)}.values())

    def run(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The results; shared variables are updated, there."""
        with self._driver.alone():
            for v in self._resident:
                if v.host.base is not None:  # Borrowed: the device has memory of its own.
                    v.host = v.host.copy()
                private(v.host)
            # A variable that was borrowed may have been changed, which the device does not know.
            hosts = {id(v.host) for v in self._resident}
            return self._replayed([a.copy() if id(root(a)) in hosts else a for a in arrays])

    def _specifics(self, now: Sequence[np.ndarray]) -> tuple[Any, ...]:
        """Numbers that decide, and where the shared variables lie."""
        places = tuple([id(mirror_of(v.host, self._driver)) for v in self._resident])
        for other in [key for key in self._programs if key[-1] != places]:
            del self._programs[other]  # A variable is elsewhere now, for good.
        return *super()._specifics(now), places

    def _recorded(
        self,
        now: Sequence[np.ndarray],
        known: dict[int, np.ndarray],
        shapes: dict[int, tuple[int, ...]],
    ) -> _RecordedOnGpu:
        resident = {id(root(v.host)) for v in self._resident}
        shared = {v: a for v, a in zip(self._reads, now, strict=True) if v in self._shared}
        stands = {
            v: shared[v] if v in shared else np.empty(a.shape, a.dtype)
            for v, a in zip(self._reads, now, strict=True)
        }
        graph = self._evaluator.graph
        parts = self._rest, graph.results, graph.updates, stands, known, shapes, shared
        return _RecordedOnGpu(self._driver, self._arena, resident, Lowering(*parts))


class _RecordedOnGpu(Recorded):
    """A record that a GPU replays: on shared variables where they lie there, and copies.

    Parameters
    ----------
    on : Driver
    arena : DeviceArena
    resident : set of int
        The ids of shared variables' arrays.
    lowering : Lowering
    """

    def __init__(
        self, on: Driver, arena: DeviceArena, resident: set[int], lowering: Lowering
    ) -> None:
        super().__init__(lowering)
        self._driver, self._resident = on, resident
        for place in self.tape.places:
            if place.kind == "lasting":
                private(place.array)
        self._program = CudaProgram(self.tape, on, arena)
        arrays = self.tape.bound().items()
        self._memory = {name: on.allocate(max(array.nbytes, 1)) for name, array in arrays}

    def run(self, now: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The results for these arrays."""
        for at, _ in self._limits:
            reading(now[at])
        self.check(now)
        if not self._program.native:
            for at, name in enumerate(self._given):
                if name is None:
                    reading(now[at])
            self._lowering.now = dict(zip(self._ids, now, strict=True))
        for array, name in zip(now, self._given, strict=True):
            if name is not None:
                self._give(array, self._memory[name])
        with self._program.running():
            self._program.run(self._memory, 1)
        results = [np.empty(array.shape, array.dtype) for array in self.results]
        for name, result in zip(self._made, results, strict=True):
            self._driver.download(self._memory[name], result)
        return results

    def _give(self, array: np.ndarray, to: Memory) -> None:
        """Copy an array to where the program reads it."""
        host = root(array)
        if id(host) in self._resident and array.flags.c_contiguous:
            source = mirror_of(host, self._driver)
            source.prepare()
            offset = address(array) - address(host)
            self._driver.copy(source.memory, offset, to, array.nbytes)
        else:
            self._driver.upload(np.ascontiguousarray(array), to)
