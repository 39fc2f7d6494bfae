"""A step that runs in Python on the host once, and on a GPU from then on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from nnkit.engine.cuda.data import DeviceArray, Resident, Stream, Streamed
from nnkit.engine.cuda.driver import Driver, Memory
from nnkit.engine.cuda.operands import DeviceArena
from nnkit.engine.cuda.program import Program
from nnkit.engine.memory import Arena
from nnkit.engine.references import root
from nnkit.engine.step import Bound, Step, Window, restore, watch
from nnkit.engine.twins import busy, changed, fetch, twin_of
from nnkit.errors import DeviceError
from nnkit.kernels._jit import address

__all__ = ["CudaStep"]

_log = logging.getLogger("nnkit")


class CudaStep(Step):
    """What :class:`nnkit.engine.step.Step` is for the CPU; see there for the other parameters.

    The Python function runs twice on the host, on the first rows of the data, under the same
    watch. All that it changed is put back: what counts is what the device does.

    Parameters
    ----------
    window : Window
        The rows of the data that it reads.
    driver : Driver
    arenas : tuple
        Memory for temporaries on the host, while recording, and on the device.
    """

    def __init__(
        self,
        function: Callable[[Bound], None],
        state: Sequence[np.ndarray],
        results: tuple[str, ...],
        window: Window,
        driver: Driver,
        arenas: tuple[Arena, DeviceArena],
        python: Callable[[], AbstractContextManager[Any]],
        blame: Callable[[Any], bool],
        eager: bool,
    ) -> None:
        self.function, self.state, self.results = function, state, results
        self.window, self.driver, self.python, self.blame = window, driver, python, blame
        self.arena, self.device_arena = arenas
        self.checked = False
        self._replay: Program | None = None
        self._inputs: dict[str, Memory] = {}
        shared = self.arena, self.python, self.blame
        self._host = Step(function, state, results, *shared, eager=True)
        if eager:
            self._stay_on_host("run_eagerly=True")

    def run(
        self, bound: Bound, steps: int = 1, meanwhile: Callable[[], None] | None = None
    ) -> None:
        """Do the step so many times; arrays that are not on the device yet are copied there."""
        with self.driver.lock:
            self.driver.enter()
            while not self.checked:
                with self.python():
                    self._record(bound)
            if self._replay is None:
                self._run_on_host(bound, steps)
            elif self._replay.native:
                self._run(self._replay, bound, steps, meanwhile)
            else:
                with self.python():
                    self._run(self._replay, bound, steps, meanwhile)

    # ------------------------------------------------------------------------------- recording

    def _record(self, bound: Bound) -> None:
        """Let Python do two steps on the host, and make a program of the record."""
        size, batch = self.window.size, self.window.batch
        data = {name: self._sample(name, value, size) for name, value in bound.items()}
        state = [*self.state, *(data[name] for name in self.results)]
        before = [a.copy() for a in state]
        busy.running = True  # The host's arrays are only borrowed.
        try:
            batch[0] = 0
            watched = watch(self.function, data, state, self.arena)
            if watched.fault is None:
                batch[0] = 0
                watched = watch(self.function, data, state, self.arena, watched.tape)
        finally:
            restore(state, before)
            busy.running = False
        if watched.fault is None:
            whole = size == self.window.stride
            self._replay = Program(watched.tape, self.driver, self.device_arena, whole)
            self.checked = True
        elif not self.blame(watched.fault.owner):
            self._stay_on_host("it can't be recorded")
        watched.tape.release()

    def _sample(self, name: str, value: Any, size: int) -> np.ndarray:
        """The first rows of a bound array, on the host."""
        if name == "order":
            return np.arange(size)
        if name in self.results:
            return np.empty((size, *value.shape[1:]), value.dtype)
        rows = value[:size] if isinstance(value, np.ndarray) else value.rows(size)
        return np.ascontiguousarray(rows).view()

    # --------------------------------------------------------------------------------- replaying

    def _run(
        self,
        program: Program,
        bound: Bound,
        steps: int,
        meanwhile: Callable[[], None] | None,
    ) -> None:
        program.prepare()
        first = int(self.window.batch[0])
        busy.running = True
        try:
            if any(isinstance(value, Streamed) for value in bound.values()):
                self._run_streamed(program, bound, first, steps)
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
        finally:
            busy.running = False
        program.finish()
        self.window.batch[0] = first + steps
        for name in self.results:
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
            if name not in self.results:
                self.driver.upload(np.ascontiguousarray(value), self._inputs[name])
            memory[name] = self._inputs[name]
        return memory

    def _run_streamed(self, program: Program, bound: Bound, first: int, steps: int) -> None:
        size, stride, batch = self.window.size, self.window.stride, self.window.batch
        stream = Stream(bound, self.driver, tuple(self.results), size, stride)
        counter, at = twin_of(batch, self.driver).memory, address(batch) - address(root(batch))
        for count, memory in stream.stretches(first, steps):
            # The rows of a stretch are counted from its first.
            self.driver.clear(counter, at, batch.nbytes)
            program.run(memory, count)

    # ----------------------------------------------------------------------------- on the host

    def _stay_on_host(self, reason: str) -> None:
        _log.warning("the steps of this model run in Python, on the CPU: %s", reason)
        self.checked = True

    def _run_on_host(self, bound: Bound, steps: int) -> None:
        for array in self.state:
            fetch(array)
        data = {
            name: value if isinstance(value, np.ndarray) else value.rows(None)
            for name, value in bound.items()
        }
        self._host.run(data, steps)
        for array in self.state:
            changed(array)
        for name in self.results:
            if isinstance(bound[name], Resident):
                self.driver.upload(data[name], bound[name].memory)
