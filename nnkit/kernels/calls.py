"""What calling a kernel does: the arguments are checked, machine code runs, and a tape listens."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from nnkit.kernels._jit import Kernel

__all__ = ["check", "execute", "listening"]


class _Listening(threading.local):
    """Who listens to the calls of this thread; models may train side by side in threads.

    Attributes
    ----------
    tape : Tape or None
        See :class:`nnkit.engine.tape.Tape`; :class:`nnkit.engine.dispatch.recording` sets it.
    blocks : int
        How many blocks of ``recording`` this thread is in.
    """

    tape: Any = None
    blocks = 0


listening = _Listening()
_READABLE = frozenset("?bBhHiIlLqQfdFD")  # What machine code reads, by NumPy's letters.


def execute(kernel: Kernel, arguments: Sequence[Any]) -> None:
    """Run a kernel now; a tape that listens takes the call down."""
    check(kernel, arguments)
    types, words = kernel.encode(arguments)
    operands = array("q", [word for group in words for word in group])
    kernel.compiled(types)(operands.buffer_info()[0])
    if listening.tape is not None:
        listening.tape.call(kernel, arguments, types, words)


def check(kernel: Kernel, arguments: Sequence[Any]) -> None:
    """Refuse a call that would break the kernels' contract, before it runs."""
    if len(arguments) != len(kernel.parameters):
        raise TypeError(
            f"kernel {kernel.name} takes {len(kernel.parameters)} arguments "
            f"({', '.join(kernel.parameters)}), got {len(arguments)}"
        )
    named = zip(kernel.parameters, arguments, strict=True)
    arrays = {name: a for name, a in named if isinstance(a, np.ndarray)}
    for name in kernel.changed:
        changed = arrays.get(name)
        if changed is None:
            raise TypeError(f"kernel {kernel.name}: {name!r} is written, so it must be an array")
        if not changed.flags.writeable:
            raise ValueError(f"kernel {kernel.name}: {name!r} is read-only, but would be written")
        for other, a in arrays.items():
            if other != name and np.may_share_memory(changed, a):
                raise ValueError(
                    f"kernel {kernel.name}: output {name!r} shares memory with {other!r}; "
                    "give it memory of its own (self.empty)"
                )
    split = [arrays[name].shape for name in kernel.split if name in arrays]
    if len(set(split if kernel.elementwise else [shape[:1] for shape in split])) > 1:
        shapes = ", ".join(f"{n} {a.shape}" for n, a in arrays.items() if n in kernel.split)
        raise ValueError(f"kernel {kernel.name}: these must have equal rows, but are {shapes}")
    if kernel.axes:
        _check_axes(kernel, arrays)
    for name, a in arrays.items():
        if not a.dtype.isnative or a.dtype.char not in _READABLE:
            raise TypeError(
                f"kernel {kernel.name}: {name!r} is of data type {a.dtype.str!r}, but must "
                "hold bools, integers, float32 or float64 in this machine's byte order: use astype"
            )
        if not a.flags.c_contiguous and name not in kernel.strided:
            raise ValueError(
                f"kernel {kernel.name}: {name!r} of shape {a.shape} is not C-contiguous; "
                "use numpy.ascontiguousarray"
            )


def _check_axes(kernel: Kernel, arrays: dict[str, np.ndarray]) -> None:
    """Refuse arrays that don't fit each other, where native code would read past their ends."""
    fit, dtype, sizes = True, None, dict[str, int]()
    for name, letters in kernel.axes.items():
        given = arrays[name]
        dtype = dtype or given.dtype
        fit = fit and len(letters) == given.ndim and given.dtype == dtype
        for letter, size in zip(letters, given.shape, strict=False):
            fit = fit and sizes.setdefault(letter, size) == size
    if not fit:
        wanted = ", ".join(f"{name} ({', '.join(axes)})" for name, axes in kernel.axes.items())
        each = ((name, arrays[name]) for name in kernel.axes)
        got = ", ".join(f"{name} {a.shape} of {a.dtype}" for name, a in each)
        raise ValueError(f"kernel {kernel.name} takes {wanted}, all of one data type, got {got}")
