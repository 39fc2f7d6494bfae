"""A recorded step, repeated on a GPU on data that lies there, on the host, or is streamed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnkit.engine.abstract_device import Bound, Window
from nnkit.engine.cuda.data import DeviceArray, Resident, Stream, Streamed
from nnkit.engine.cuda.driver import Driver, Memory
from nnkit.engine.cuda.places import DeviceArena
from nnkit.engine.cuda.program import Program
from nnkit.engine.references import root
from nnkit.engine.tape import Tape
from nnkit.engine.twins import twin_of
from nnkit.errors import DeviceError
from nnkit.kernels._jit import address

__all__ = ["Replay"]


class Replay:
    """What :class:`nnkit.engine.program.Program` is for the CPU.

    Parameters
    ----------
    tape : Tape
    driver : Driver
    arena : DeviceArena
    window : Window
    """

    def __init__(self, tape: Tape, driver: Driver, arena: DeviceArena, window: Window) -> None:
        self.driver, self.window = driver, window
        self._program = Program(tape, driver, arena, whole=window.size == window.stride)
        self.native = self._program.native
        self._inputs: dict[str, Memory] = {}

    def replay(self, bound: Bound, steps: int, meanwhile: Callable[[], None] | None = None) -> None:
        """Do so many steps; arrays that are not on the device yet are copied there."""
        with self.driver.alone():
            self._replay(bound, steps, meanwhile)

    def _replay(self, bound: Bound, steps: int, meanwhile: Callable[[], None] | None) -> None:
        program, first = self._program, int(self.window.batch[0])
        program.prepare()
        try:
            if any(isinstance(value, Streamed) for value in bound.values()):
                self._stream(bound, first, steps)
            else:
                program.run(self._placed(bound), steps)
            if meanwhile is not None:
                meanwhile()
        except DeviceError:
            program.give_up()
            raise
        except BaseException:  # Ctrl-C, or an error in a Python stop: keep what was learnt.
            program.finish()
            raise
        program.finish()
        self.window.batch[0] = first + steps
        for name in self.window.results:
            if isinstance(bound[name], np.ndarray):
                self.driver.download(self._inputs[name], bound[name])

    def _placed(self, bound: Bound) -> dict[str, Memory]:
        """Where each bound array lies, after those of the host have been copied."""
        memory: dict[str, Memory] = {}
        for name, value in bound.items():
            if isinstance(value, (DeviceArray, Resident)):
                memory[name] = value.memory
                continue
            known = self._inputs.get(name)
            if known is None or known.size < value.nbytes:
                self._inputs[name] = self.driver.allocate(max(value.nbytes, 1))
            if name not in self.window.results:
                self.driver.upload(np.ascontiguousarray(value), self._inputs[name])
            memory[name] = self._inputs[name]
        return memory

    def _stream(self, bound: Bound, first: int, steps: int) -> None:
        size, stride, batch, results = self.window
        counter, at = twin_of(batch, self.driver).memory, address(batch) - address(root(batch))
        for count, memory in Stream(bound, self.driver, results, size, stride).stretches(
            first, steps
        ):
            # The rows of a stretch are counted from its first.
            self.driver.clear(counter, at, batch.nbytes)
            self._program.run(memory, count)
