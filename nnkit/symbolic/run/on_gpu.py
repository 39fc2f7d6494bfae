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

from nnkit.engine.cuda import driver
from nnkit.engine.cuda.driver import Driver
from nnkit.engine.cuda.operands import DeviceArena
from nnkit.engine.cuda.program import Program
from nnkit.engine.twins import bring, keep_away, root, twin_of
from nnkit.errors import DeviceError
from nnkit.kernels._jit import address
from nnkit.symbolic.run.evaluate import Evaluator
from nnkit.symbolic.run.native import Compiled, Native
from nnkit.symbolic.tensor.variable import SharedVariable

__all__ = ["NativeOnGpu"]


class NativeOnGpu(Native):
    """A graph, and the programs made of it for a GPU.

    Parameters
    ----------
    evaluator : Evaluator
    device : str
    """

    def __init__(self, evaluator: Evaluator, device: str) -> None:
        super().__init__(evaluator)
        self._driver = driver.open_device(device)
        self._arena = DeviceArena(self._driver)
        wanted = [v for node in evaluator.nodes for v in node.inputs]
        wanted += [*evaluator.graph.outputs, *evaluator.graph.updated]
        self._resident = list({id(v): v for v in wanted if isinstance(v, SharedVariable)}.values())

    def run(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The results; shared variables are updated, there."""
        with self._driver.lock:
            self._driver.enter()
            for v in self._resident:
                if v.host.base is not None:  # Borrowed: the device has memory of its own.
                    v.host = v.host.copy()
                keep_away(v.host)
            # A variable that was borrowed may have been changed, which the device does not know.
            hosts = {id(v.host) for v in self._resident}
            return self._replayed([a.copy() if id(root(a)) in hosts else a for a in arrays])

    def _key(self, now: Sequence[np.ndarray]) -> Any:
        """Shapes, numbers that decide, and where the shared variables lie."""
        places = tuple([id(twin_of(v.host, self._driver)) for v in self._resident])
        for other in [key for key in self._programs if key[-1] != places]:
            del self._programs[other]  # A variable is elsewhere now, for good.
        return *super()._key(now), places

    def _compiled(self, *parts: Any) -> Compiled:
        resident = {id(root(v.host)) for v in self._resident}
        return _Program(self._driver, self._arena, resident, *parts)


class _Program(Compiled):
    """The program of a graph for certain shapes, on a GPU.

    Parameters
    ----------
    on : Driver
    arena : DeviceArena
    resident : set of int
        The ids of shared variables' arrays.
    *parts
        As for :class:`~nnkit.symbolic.run.native.Compiled`.
    """

    def __init__(self, on: Driver, arena: DeviceArena, resident: set[int], *parts: Any) -> None:
        self._driver, self._arena, self._resident = on, arena, resident
        super().__init__(*parts)

    def _prepare(self) -> None:
        """Make the tape ready to be replayed there."""
        tape, shared = self._lowering.tape, set(self._shared)
        for entry in tape.entries:
            for array, _ in entry.arrays():
                if tape.temporary(array) is None:
                    keep_away(array)
        self._replay = Program(tape, self._driver, self._arena, whole=False)
        twins = self._replay.operands.twins
        self._given = [
            (at, twins[id(stand)])
            for at, stand in enumerate(self._stands)
            if at not in shared and id(stand) in twins
        ]

    def run(self, now: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The results for these arrays."""
        for at, _ in self._limits:
            bring(now[at])
        self._check(now)
        if not self._replay.native:
            for at in self._shared:
                bring(now[at])
            self._lowering.now = dict(zip(self._ids, now, strict=True))
        for at, twin in self._given:
            self._give(now[at], twin)
        self._replay.prepare()
        try:
            self._replay.run({}, 1)
        except DeviceError:
            self._replay.give_up()
            raise
        except BaseException:
            self._replay.finish()
            raise
        self._replay.finish()
        return [self._result(array) for array in self._lowering.results]

    def _give(self, array: np.ndarray, to: Any) -> None:
        """Copy an array to where the program reads it."""
        host = root(array)
        if id(host) in self._resident and array.flags.c_contiguous:
            source = twin_of(host, self._driver)
            source.prepare()
            offset = address(array) - address(host)
            self._driver.copy(source.memory, offset, to.memory, array.nbytes)
        else:
            self._driver.upload(np.ascontiguousarray(array), to.memory)
        to.newer = "device"

    def _result(self, array: np.ndarray) -> np.ndarray:
        made = np.empty(array.shape, array.dtype)
        self._driver.download(twin_of(array, self._driver).memory, made)
        return made
