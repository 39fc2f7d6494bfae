"""A recorded step made ready to be replayed on a GPU: launches, graphs, Python stops."""

from __future__ import annotations

import numpy as np

from nnkit.engine.cuda.convolutions import unfold_convolutions
from nnkit.engine.cuda.driver import Driver, Memory
from nnkit.engine.cuda.launches import launches
from nnkit.engine.cuda.options import options
from nnkit.engine.cuda.patterns import find_faster
from nnkit.engine.cuda.places import DeviceArena, Places
from nnkit.engine.cuda.stretch import Stretch
from nnkit.engine.device import has_cuda_twin
from nnkit.engine.references import Reference
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
        fuses = whole and options.fuse != "none"
        self._fast = find_faster(tape, self.places) if fuses else None

    def run(self, bound: dict[str, Memory], steps: int) -> None:
        """Queue so many steps on bound arrays that lie in device memory."""
        addresses = self.places.bind(bound)
        if self._fast is not None and options.fuse != "none":
            self._fast.run(addresses, steps)
        elif self.native:
            self._segments[0].run(addresses, steps)
        else:
            for _ in range(steps):
                for segment in self._segments:
                    segment.run(addresses, 1)

    def prepare(self) -> None:
        """Bring all lasting arrays to the device."""
        for twin in self.places.twins:
            twin.prepare()
        for twin in self.places.written:
            twin.newer = "step"

    def finish(self) -> None:
        """Wait for the steps, and let the host have what it must have at once."""
        self.driver.synchronize()
        if self._fast is not None:
            self._fast.check()
        for twin in self.places.written:
            twin.finish()

    def give_up(self) -> None:
        """After an error: keep what can be kept."""
        try:
            self.finish()
        except DeviceError:  # The device is lost; the host's arrays are all that there is.
            for twin in self.places.written:
                twin.newer = "host"


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

    def _host(self, reference: Reference, tape: Tape) -> np.ndarray:
        """Where the host works on an array: in place if it lasts, else on a copy."""
        if self.places.lasts(reference):
            return tape.array(reference)
        form = reference.shape, reference.dtype
        return self._copies.setdefault(reference, np.empty(*form))

    def run(self, addresses: tuple[int, ...], steps: int) -> None:
        """Copy in, run, copy out."""
        for _ in range(steps):
            for reference, host in self._in:
                self.places.download(reference, host)
            self._run(*(host for _, host in self._in))
            for reference, host in self._out:
                self.places.upload(host, reference)
