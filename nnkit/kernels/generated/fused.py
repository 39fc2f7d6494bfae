"""Loops over arrays of any strides: source text, compiled as any other kernel is.

Axes that lie side by side in every operand are looped over as one, so that most are one flat loop.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nnkit.kernels._jit import Kernel
from nnkit.kernels.generated.nest import LETTERS, TYPES, Nest

__all__ = ["Access", "Statements", "fused"]

# The axes that each depends on, and its text.
Statements = list[tuple[frozenset[int], str]]


@dataclass
class Access:
    """An array as the loops see it: a stride for each axis, 0 where it broadcasts."""

    name: str
    array: np.ndarray
    strides: list[int]


def fused(
    shape: Sequence[int],
    operands: Sequence[Access],
    statements: Statements,
    value: str,
    reduced: frozenset[int],
) -> tuple[Kernel, tuple[Any, ...]]:
    """A kernel with a loop for each axis, those that are added up inside, and its arguments.

    Parameters
    ----------
    shape : sequence of int
        How often each axis is gone through.
    operands : sequence of Access
        What is read; last, ``y``, what is written.
    statements : list of (axes, text)
        What computes one element, each with the axes that it depends on. It is done in the
        innermost of their loops.
    value : str
        What the element becomes, or what is added to it.
    reduced : set of int
        Axes that are added up.
    """
    long = [i for i, n in enumerate(shape) if n != 1]
    kept, summed = [i for i in long if i not in reduced], [i for i in long if i in reduced]
    loops = _merged(kept, operands, shape) + _merged(summed, operands, shape)
    row_by_row = bool(kept and summed and kept[0] > summed[-1] and len(loops) == 2)
    if row_by_row:
        loops.reverse()
    sizes = [math.prod(shape[axis] for axis in axes) for axes in loops]
    at: dict[str, str] = {}
    extents = [f"n{k}" for k in range(len(loops))]
    split, strided = [], []
    arguments: list[Any] = []
    for o in operands:
        mine = [k for k, axes in enumerate(loops) if o.strides[axes[-1]]]
        dims = [sizes[k] for k in mine] or [1]
        steps = [o.strides[loops[k][-1]] for k in mine] or [o.array.itemsize]
        arguments.append(as_strided(o.array, dims, steps))
        if steps != _contiguous(dims, o.array.itemsize):
            strided.append(o.name)
        if kept and (o.name == "y" if row_by_row else 0 in mine):
            split.append(o.name)
        letters = [LETTERS[k] for k in mine]
        for place, k in enumerate(mine):
            extents[k] = f"{o.name}.shape[{place}]"
            if row_by_row and k == 1 and o.name != "y":
                letters[place] = f"first + {LETTERS[k]}"
        at[o.name] = ", ".join(letters) or "0"
    parameters = [o.name for o in operands]
    if row_by_row:
        parameters.insert(0, "first")
        arguments.insert(0, 0)
    for k, extent in enumerate(extents):
        if extent == f"n{k}":
            parameters.insert(0, extent)
            arguments.insert(0, sizes[k])
    depth = {axis: k for k, axes in enumerate(loops) for axis in axes}
    body: list[list[str]] = [[] for _ in range(len(loops) + 1)]
    for depends, statement in statements:
        body[max((depth[axis] + 1 for axis in depends), default=0)].append(statement.format(**at))
    nest = Nest(
        parameters=tuple(parameters),
        extents=tuple(extents),
        summed=tuple(axes[0] in reduced for axes in loops),
        adds=bool(reduced),
        columns=bool(kept and summed and kept[-1] > summed[-1]),
        body=tuple(map(tuple, body)),
        target=f"y[{at['y']}]",
        value=value,
        dtype=str(operands[-1].array.dtype),
    )
    return _kernel(nest, tuple(split), tuple(strided)), tuple(arguments)


def _merged(
    order: Sequence[int], operands: Sequence[Access], shape: Sequence[int]
) -> list[list[int]]:
    """Axes that every operand steps through as if they were one, together."""
    groups: list[list[int]] = []
    for axis in order:
        if groups:
            last = groups[-1][-1]
            if all(o.strides[last] == o.strides[axis] * shape[axis] for o in operands):
                groups[-1].append(axis)
                continue
        groups.append([axis])
    return groups


@functools.cache
def _kernel(nest: Nest, split: tuple[str, ...], strided: tuple[str, ...]) -> Kernel:
    """Compile a kernel's text; the same text twice is one kernel, and on disk one file."""
    source, names = nest.on_cpu(), dict(_names())
    exec(source, names)
    updated = "= y[" in source
    return Kernel(
        names["fused"],
        outputs=() if updated else ("y",),
        updates=("y",) if updated else (),
        split=split,
        strided=strided,
        exact=not nest.adds,
        cuda=functools.partial(_on_gpu, nest),
    )


def _on_gpu(nest: Nest) -> Any:
    """The kernel's twin for GPUs; CUDA is imported here, not before."""
    from nnkit.kernels.generated.cuda_nest import cuda_kernel

    return cuda_kernel(nest)


@functools.cache
def _names() -> dict[str, Any]:
    """What the text may call: functions of math, faster ones of ours, and data types."""
    from nnkit.kernels.cpu import _math

    names = {name: getattr(math, name) for name in dir(math) if name[0] != "_"}
    names |= {name: f for name, f in vars(np).items() if isinstance(f, np.ufunc)}
    ours = ("exp", "log", "log1p", "sigmoid", "tanh")
    names |= {"sqrt": math.sqrt, "abs": abs} | {name: getattr(_math, name) for name in ours}
    return {"__name__": __name__, **names, **TYPES}


def _contiguous(shape: Sequence[int], itemsize: int) -> list[int]:
    steps = [itemsize]
    for n in reversed(shape[1:]):
        steps.append(steps[-1] * n)
    return steps[::-1][: len(shape)]
