"""A recorded step made ready to be replayed on a GPU: launches, graphs, Python stops."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit.engine.cuda.convolutions import unfold_convolutions
from nnkit.engine.cuda.driver import Driver, Memory
from nnkit.engine.cuda.launches import launches
from nnkit.engine.cuda.operands import DeviceArena, Operands
from nnkit.engine.cuda.options import options
from nnkit.engine.cuda.small import match
from nnkit.engine.cuda.stretch import SmallStretch, Stretch
from nnkit.engine.device import execute, has_cuda_twin
from nnkit.engine.tape import Call, Stop, Tape
from nnkit.errors import DeviceError

__all__ = ["Program"]


class Program:
    """The replay of a tape on a device.

    Parameters
    ----------
    tape : Tape
    driver : Driver
    arena : DeviceArena
        Memory for the temporaries.
    whole : bool
        Whether the batch is a full one. Only such steps are fused: a single step of a smaller batch
        at the end of an epoch is not worth the compilation. It must not depend on anything that may
        change from run to run, because fused kernels add up in another order.

    Attributes
    ----------
    native : bool
        Whether a replay needs nothing from Python.
    """

    def __init__(self, tape: Tape, driver: Driver, arena: DeviceArena, whole: bool) -> None:
        if driver.lt is not None:
            unfold_convolutions(tape)
        self.driver, self.operands = driver, Operands(tape, driver, arena)
        self._segments: list[Stretch | _HostStop] = []
        calls: list[Call] = []
        for entry in tape.entries:
            if isinstance(entry, Call) and has_cuda_twin(entry.kernel):
                calls.append(entry)
                continue
            self._segments += [
                Stretch(launches(calls, self.operands), driver),
                _HostStop(self, entry),
            ]
            calls = []
        self._segments.append(Stretch(launches(calls, self.operands), driver))
        self.native = len(self._segments) == 1
        fuses = whole and options.fuse != "none"
        small = match(tape, driver.multiprocessors) if fuses else None
        self._small = None if small is None else SmallStretch(small, self.operands)
        self.operands.release()

    def run(self, bound: dict[str, Memory], steps: int) -> None:
        """Queue so many steps on bound arrays that lie in device memory."""
        addresses = self.operands.bind(bound)
        if self._small is not None and options.fuse != "none":
            self._small.run(addresses, steps)
        elif self.native:
            self._segments[0].run(addresses, steps)
        else:
            for _ in range(steps):
                for segment in self._segments:
                    segment.run(addresses, 1)

    def prepare(self) -> None:
        """Bring all lasting arrays to the device."""
        for twin in self.operands.twins.values():
            twin.prepare()
        for twin in self.operands.written.values():
            twin.newer = "step"

    def finish(self) -> None:
        """Wait for the steps, and let the host have what it must have at once."""
        self.driver.synchronize()
        if self._small is not None:
            self._small.check()
        for twin in self.operands.written.values():
            twin.finish()

    def give_up(self) -> None:
        """After an error: keep what can be kept."""
        try:
            self.finish()
        except DeviceError:  # The device is lost; the host's arrays are all that there is.
            for twin in self.operands.written.values():
                twin.newer = "host"


class _HostStop:
    """Python in the middle of a step, or a kernel that has no twin, on copies in host memory.

    A layer in NumPy keeps arrays from ``forward`` to ``backward``, so every stop has its own.
    """

    def __init__(self, program: Program, entry: Call | Stop) -> None:
        self.operands = program.operands
        self._copies: dict[int, np.ndarray] = {}
        if isinstance(entry, Stop):
            self._run = entry.function
            reads = [(a, False) for a in entry.inputs]
            writes = [(a, True) for a in entry.outputs]
        else:
            kernel, arguments = entry.kernel, tuple(self._host(a) for a in entry.arguments)
            self._run = lambda *_: execute(kernel, arguments)
            arrays = list(entry.arrays())
            reads, writes = arrays, [(a, w) for a, w in arrays if w]
        self._in = [(self.operands.operand(a, w), self._host(a)) for a, w in (*reads, *writes)]
        self._out = [(self.operands.operand(a, w), self._host(a)) for a, w in writes]
        self._copies = {}  # Its keys are ids of arrays that may be gone from here on.

    def _host(self, argument: Any) -> Any:
        """Where the host works on an array: in place if it lasts, else on a copy."""
        if not isinstance(argument, np.ndarray) or self.operands.lasts(argument):
            return argument
        if id(argument) not in self._copies:
            self._copies[id(argument)] = np.empty(argument.shape, argument.dtype)
        return self._copies[id(argument)]

    def run(self, addresses: tuple[int, ...], steps: int) -> None:
        """Copy in, run, copy out."""
        for _ in range(steps):
            for operand, host in self._in:
                self.operands.download(operand, host)
            self._run(*(host for _, host in self._in))
            for operand, host in self._out:
                self.operands.upload(host, operand)
