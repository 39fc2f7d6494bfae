"""Convolutions on a tape as products of matrices, which cuBLASLt is best at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from nnkit.engine.dispatch import launch
from nnkit.engine.references import Reference
from nnkit.engine.tape import Call, Stop, Tape
from nnkit.kernels._jit import Kernel

__all__ = ["unfold_convolutions"]

# Windows that would take more bytes are left where they are, in their images.
MOST_BYTES = 1 << 32

# By kernel: which argument has a pixel for each window, and which a row for each of its elements.
_WINDOWS = {
    "conv2d": ("y", "w"),
    "conv2d_bias": ("y", "w"),
    "conv2d_weights": ("dy", "dw"),
    "conv2d_transpose": ("x", "w"),
    "conv2d_transpose_bias": ("x", "w"),
}
_WINOGRAD = "_winograd"  # So end the names of the processor's other way to do each of them.


def unfold_convolutions(tape: Tape) -> None:
    """Replace convolutions by products with their windows, laid out in temporary arrays.

    Those with groups stay as they are: their products are small.
    """
    entries: list[Call | Stop] = []
    for entry in tape.entries:
        if not isinstance(entry, Call) or not _is_convolution(entry.kernel):
            entries.append(entry)
            continue
        named = dict(zip(entry.kernel.parameters, entry.arguments, strict=True))
        pixels, weights = (named[name] for name in _WINDOWS[_name(entry.kernel)])
        shape = (*pixels.shape[:3], weights.size // weights.shape[-1])
        windows = np.empty(shape, pixels.dtype)  # The host never touches this memory.
        if named["groups"] != 1 or windows.nbytes > MOST_BYTES:
            entries.append(entry)
            continue
        tape.own(windows)
        steps = _steps(entry.kernel, named, tape.reference(windows))
        entries += [Call(kernel, given, entry.owner) for kernel, given in steps]
    tape.entries[:] = entries


def _is_convolution(kernel: Kernel) -> bool:
    return _name(kernel) in _WINDOWS and kernel is getattr(launch, kernel.name)


def _name(kernel: Kernel) -> str:
    """What it computes, whichever way."""
    return kernel.name.removesuffix(_WINOGRAD)


def _steps(
    kernel: Kernel, named: dict[str, Any], windows: Reference
) -> Iterator[tuple[Kernel, tuple[Any, ...]]]:
    """The calls that take a convolution's place: windows are laid out, and multiplied."""
    axes = "stride_y", "stride_x", "top", "left", "dilation_y", "dilation_x"
    place = tuple(named[name] for name in axes)
    bias = (named["bias"],) if "bias" in named else ()
    rows = _rows(windows)
    if _name(kernel) == "conv2d_weights":
        yield launch.im2col, (named["x"], named["kw"], *place, windows)
        # Of Winograd's way it is the same memory, seen as (channels, 9, filters).
        yield launch.matmul, (rows.T, _rows(named["dy"]), _rows(named["dw"]))
        return
    x, w, y = named["x"], named["w"], named["y"]
    if _name(kernel).startswith("conv2d_transpose"):
        yield launch.matmul, (_rows(x), _rows(w).T, rows)
        fold = launch.col2im_bias if bias else launch.col2im
        yield fold, (windows, w.shape[1], *place, *bias, y)
    else:
        yield launch.im2col, (x, w.shape[1], *place, windows)
        multiply = launch.matmul_bias if bias else launch.matmul
        yield multiply, (rows, _rows(w), *bias, _rows(y))


def _rows(x: Reference) -> Reference:
    return x.reshaped(x.size // x.shape[-1], x.shape[-1])
