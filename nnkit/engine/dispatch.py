"""The door to memory and kernels: what a layer calls, and what a recording listens to.

A layer names kernels, never a device::

    y = self.empty(x.shape)
    launch.tanh(x, y)
"""

from __future__ import annotations

import difflib
import functools
import importlib
import pkgutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit import forks
from nnkit.conversion import to_numpy
from nnkit.engine.references import Reference
from nnkit.engine.tape import Call, Tape
from nnkit.interrupts import apart
from nnkit.kernels import _jit
from nnkit.kernels._jit import Kernel
from nnkit.kernels.calls import listening

if TYPE_CHECKING:
    from nnkit.kernels.cuda._cuda import CudaKernel

__all__ = ["empty", "launch", "recording", "repeat", "working"]


class recording:  # noqa: N801  (a context manager reads like a statement)
    """Record every kernel that runs inside the ``with`` block on a tape, or on none."""

    def __init__(self, tape: Tape | None) -> None:
        self.tape = tape

    def __enter__(self) -> Any:
        self.outer, listening.tape = listening.tape, self.tape
        listening.blocks += 1
        return self.tape

    def __exit__(self, *error: object) -> None:
        listening.tape = self.outer
        listening.blocks -= 1


class working:  # noqa: N801
    """Within the block a part of the model is at work: recorded calls are its own.

    Parameters
    ----------
    owner : Layer, Loss, Metric, Optimizer or None
    """

    def __init__(self, owner: Any) -> None:
        self.owner = owner

    def __enter__(self) -> working:
        self.tape = tape = listening.tape
        if tape is not None:
            self._outer, self._start, tape.owner = tape.owner, len(tape.entries), self.owner
        return self

    def __exit__(self, *error: object) -> None:
        if self.tape is not None:
            self.tape.owner = self._outer

    def made(self, result: Any) -> Any:
        """Results of the block, if its calls made them; None, its calls forgotten, if NumPy did.

        ``result`` is an array, or a list of arrays of which some may be None.
        """
        if result is None:
            return None
        several = isinstance(result, (list, tuple))
        what = f"{self.owner.name!r}: what it returned"
        arrays = [a if a is None else to_numpy(a, what) for a in (result if several else [result])]
        if self.tape is not None and not all(a is None or self.tape.owns(a) for a in arrays):
            del self.tape.entries[self._start :]
            return None
        return arrays if several else arrays[0]


def current_tape() -> Tape | None:
    """The tape being recorded in this thread, or None."""
    return listening.tape


def at_work() -> bool:
    """Whether this thread is inside a :class:`recording`: layers are at work in a step."""
    return listening.blocks > 0


def empty(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Memory for one result of the current step; its content is undefined until written.

    Parameters
    ----------
    shape : tuple of int
    dtype : data type

    Returns
    -------
    numpy.ndarray
        C-contiguous. While a step is recorded it belongs to that step: a replay reuses it.
    """
    array = np.empty(shape, dtype)
    if listening.tape is not None:
        listening.tape.own(array)
    return array


def repeat(tape: Tape, arrays: dict[str, np.ndarray]) -> Callable[[Reference], np.ndarray]:
    """Make the calls of a tape again, in their order; a tape that listens records them.

    Parameters
    ----------
    tape : Tape
        Without Python stops.
    arrays : dict of str to numpy.ndarray
        What now stands for the tape's bound data: as large, and C-contiguous.

    Returns
    -------
    callable
        Where something is now that the tape refers to. Memory of its step is now memory of the
        current one.
    """
    memory: dict[int, np.ndarray] = {}

    def located(reference: Reference) -> np.ndarray:
        index, place = reference.place, tape.places[reference.place]
        if index not in memory and place.kind == "step":
            memory[index] = empty(place.array.shape, place.array.dtype)
        elif index not in memory:
            memory[index] = place.array if place.name is None else arrays[place.name]
        return reference.at(memory[index])

    for entry in tape.entries:
        if isinstance(entry, Call):
            arguments = (located(a) if isinstance(a, Reference) else a for a in entry.arguments)
            entry.kernel(*arguments)
    return located


def has_cuda_twin(kernel: Kernel) -> bool:
    """Whether a kernel has a twin for GPUs."""
    ours = _kernels("cpu").get(kernel.name) is kernel
    return kernel.cuda is not None or (ours and kernel.name in _kernels("cuda"))


def cuda_twin(kernel: Kernel) -> CudaKernel:
    """The twin of a kernel for GPUs."""
    twin: CudaKernel = kernel.cuda or _kernels("cuda")[kernel.name]
    return twin


class _Launch:
    """Every kernel of the current device by name: ``launch.tanh(x, y)``."""

    def __getattr__(self, name: str) -> Kernel:
        kernels = _kernels("cpu")
        if name not in kernels:
            near = difflib.get_close_matches(name, kernels, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise AttributeError(f"there is no kernel {name!r}{hint}")
        setattr(self, name, kernels[name])
        return kernels[name]


launch = _Launch()


@functools.cache
def _kernels(folder: str) -> dict[str, Any]:
    """All kernels of one folder of :mod:`nnkit.kernels`; numba is imported here, not before."""
    return apart(_import_kernels, folder)


def _import_kernels(folder: str) -> dict[str, Any]:
    with _jit.COMPILING:  # Whoever forks waits until all is imported.
        package = importlib.import_module(f"nnkit.kernels.{folder}")
        found: dict[str, Any] = {}
        for module in pkgutil.iter_modules(package.__path__):
            members = vars(importlib.import_module(f"{package.__name__}.{module.name}"))
            found |= {n: k for n, k in members.items() if hasattr(k, "parameters")}
    forks.register()  # What was imported may hold locks of its own at forks.
    return found
