"""A recorded step made ready to be replayed on a GPU: launches, graphs, Python stops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import numpy as np

from nnkit.engine.cuda.convolutions import unfold_convolutions
from nnkit.engine.cuda.data import DeviceArray, Stream, Streamed
from nnkit.engine.cuda.driver import Driver, Memory
from nnkit.engine.cuda.launches import launches
from nnkit.engine.cuda.options import options
from nnkit.engine.cuda.patterns import find_faster
from nnkit.engine.cuda.places import DeviceArena, Places
from nnkit.engine.cuda.stretch import Stretch
from nnkit.engine.device import Bound, Window
from nnkit.engine.dispatch import has_cuda_twin
from nnkit.engine.mirrors import mirror_of
from nnkit.engine.references import Reference, root
from nnkit.engine.tape import Call, Stop, Tape
from nnkit.errors import DeviceError
from nnkit.kernels._jit import address

__all__ = ["CudaProgram"]

# Bytes of Python's objects: of a program, and of a stop.
_PROGRAM, _STOP = 2000, 2000


class CudaProgram:
    """The replay of a tape on a GPU; data lies there, or on the host, or is streamed.

    Parameters
    ----------
    tape : Tape
    driver : Driver
    arena : DeviceArena
        Memory for the temporaries.
    window : Window, optional
        What :meth:`replay` reads of the data; :meth:`run` does without.

    Attributes
    ----------
    native : bool
        Whether a replay needs nothing from Python.
    nbytes : int
        What it takes, but for the arena: about, on the host and on the device.
    """

    def __init__(
        self, tape: Tape, driver: Driver, arena: DeviceArena, window: Window | None = None
    ) -> None:
        if driver.lt is not None:
            unfold_convolutions(tape)
        self.driver, self.places = driver, Places(tape, driver, arena)
        self._segments: list[Stretch | _HostStop] = []
        calls: list[Call] = []
        for entry in tape.entries:
            if isinstance(entry, Call) and has_cuda_twin(entry.kernel):
                calls.append(entry)
                continue
            self._segments += [
                Stretch(launches(calls, self.places), driver),
                _HostStop(entry, tape, self.places),
            ]
            calls = []
        self._segments.append(Stretch(launches(calls, self.places), driver))
        self.native = len(self._segments) == 1
        self._inputs: dict[str, Memory] = {}
        # Only steps of full batches are fused: a single smaller one at the end of an epoch is not
        # worth the compilation. This must not depend on anything that may change from run to run,
        # because fused kernels add up in another order.
        self._fused = None
        if window is not None:
            self.window = window
            if window.size == window.stride and options.fuse != "none":
                self._fused = find_faster(tape, self.places)
        inputs = sum(array.nbytes for array in tape.bound().values())
        segments = sum(segment.nbytes for segment in self._segments)
        self.nbytes = _PROGRAM + self.places.nbytes + segments + inputs

    def replay(self, bound: Bound, steps: int, meanwhile: Callable[[], None] | None = None) -> None:
        """Do so many steps; arrays that are not on the device yet are copied there."""
        first = int(self.window.batch[0])
        with self.driver.alone():
            with self.running():
                if any(isinstance(value, Streamed) for value in bound.values()):
                    self._stream(bound, first, steps)
                else:
                    self.run(self._placed(bound), steps)
                if meanwhile is not None:
                    meanwhile()
            self.window.batch[0] = first + steps
            for name in self.window.results:
                if isinstance(bound[name], np.ndarray):
                    self.driver.download(self._inputs[name], bound[name])

    @contextmanager
    def running(self) -> Iterator[None]:
        """A block that runs steps: lasting arrays go to the device, and come back as needed.

        After an error in it, or Ctrl-C, what the steps have learnt is kept if the device still is.
        """
        for mirror in self.places.mirrors:
            mirror.prepare()
        for mirror in self.places.written:
            mirror.newer = "step"
        try:
            yield
        except BaseException:
            with suppress(DeviceError):  # The first error says more than those that it causes.
                self._finish()
            raise
        self._finish()

    def _finish(self) -> None:
        """Wait for the steps, and let the host have what it must have at once."""
        try:
            self.driver.synchronize()
            if self._fused is not None:
                self._fused.check()
            for mirror in self.places.written:
                mirror.finish()
        except DeviceError:  # The device is lost; the host's arrays are all that there is.
            for mirror in self.places.written:
                mirror.newer = "host"
            raise

    def run(self, bound: dict[str, Memory], steps: int) -> None:
        """Queue so many steps on bound arrays that lie in device memory."""
        addresses = self.places.bind(bound)
        if self._fused is not None and options.fuse != "none":
            self._fused.run(addresses, steps)
        elif self.native:
            self._segments[0].run(addresses, steps)
        else:
            for _ in range(steps):
                for segment in self._segments:
                    segment.run(addresses, 1)

    def _placed(self, bound: Bound) -> dict[str, Memory]:
        """Where each bound array lies, after those of the host have been copied."""
        memory: dict[str, Memory] = {}
        for name, value in bound.items():
            if isinstance(value, DeviceArray):
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
        """Queue steps on data that passes through the device."""
        batch, stream = self.window.batch, Stream(bound, self.driver, self.window)
        counter, at = mirror_of(batch, self.driver).memory, address(batch) - address(root(batch))
        for count, memory in stream.stretches(first, steps):
            # The rows of a stretch are counted from its first.
            self.driver.clear(counter, at, batch.nbytes)
            self.run(memory, count)


class _HostStop:
    """Python in the middle of a step, or a kernel that has no twin, on copies in host memory.

    A layer in NumPy keeps arrays from ``forward`` to ``backward``, so every stop has its own.
    """

    def __init__(self, entry: Call | Stop, tape: Tape, places: Places) -> None:
        self.places = places
        self._copies: dict[Reference, np.ndarray] = {}
        if isinstance(entry, Stop):
            self._run = entry.function
            reads = [(r, self._host(r, tape)) for r in entry.inputs]
            writes = [(r, self._host(r, tape)) for r in entry.outputs]
        else:
            kernel = entry.kernel
            arguments = [
                self._host(a, tape) if isinstance(a, Reference) else a for a in entry.arguments
            ]
            self._run = lambda *_: kernel(*arguments)
            reads = [(r, self._host(r, tape)) for r, writes in entry.references if not writes]
            writes = [(r, self._host(r, tape)) for r, writes in entry.references if writes]
        self._in, self._out = reads + writes, writes
        self.nbytes = _STOP + sum(copy.nbytes for copy in self._copies.values())

    def _host(self, reference: Reference, tape: Tape) -> np.ndarray:
        """Where the host works on an array: in place if it lasts, else on a copy."""
        if self.places.lasts(reference):
            return tape.array(reference)
        form = reference.shape, reference.dtype
        return self._copies.setdefault(reference, np.empty(*form))

    def run(self, addresses: tuple[int, ...], steps: int) -> None:
        """Copy arrays to the host, run the Python code, copy what it wrote back."""
        for _ in range(steps):
            for reference, host in self._in:
                self.places.download(reference, host)
            self._run(*(host for _, host in self._in))
            for reference, host in self._out:
                self.places.upload(host, reference)
