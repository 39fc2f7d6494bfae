"""Elementwise operations fused into one loop: source text, compiled as any other kernel is.

A *fusion* is a tree of elementwise operations that ends in one array. Its operands are arrays of
the shape of the loop, arrays that broadcast against it, and single numbers; each is read once for
an element. Axes that lie side by side in every operand are looped over as one, so that most
fusions are one flat loop.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nnkit.kernels._jit import Kernel
from nnkit.symbolic.graph import Apply, Variable
from nnkit.symbolic.nest import LETTERS, Nest
from nnkit.symbolic.tensor.elementwise import Cast, DimShuffle, Elementwise
from nnkit.symbolic.tensor.making import Alloc
from nnkit.symbolic.tensor.variable import Constant

__all__ = ["fusable", "fuse"]

_INTEGERS = [f"{u}int{n}" for u in ("", "u") for n in (8, 16, 32, 64)]
#: Data types by their names in the text.
TYPES = {kind: getattr(np, kind) for kind in ("float32", "float64", *_INTEGERS)}
TYPES["bool"] = np.bool_
# For each axis of a variable the loop's axis, or None if it is of size 1.
Axes = tuple[int | None, ...]


def fusable(node: Apply | None) -> bool:
    """Whether a loop can do an operation."""
    if node is None:
        return False
    if isinstance(node.op, Elementwise):
        scalar, dtype = node.op.scalar, node.outputs[0].type.dtype
        # numba's powers of integers name a function that code from the cache would not find.
        return bool(scalar.source) and (scalar.name != "pow" or dtype.startswith("float"))
    return isinstance(node.op, (Alloc, Cast, DimShuffle))


@dataclass
class _Operand:
    """An array as the loops see it: a stride for each axis, 0 where it broadcasts."""

    name: str
    array: np.ndarray
    strides: list[int]


@dataclass
class _Fusion:
    """The statements that compute one element, and what they read.

    Each statement has the axes that it depends on: it is done in the innermost of their loops.
    """

    shape: tuple[int, ...]
    inside: Callable[[Variable], bool]
    array_of: Callable[[Variable], np.ndarray]
    out: np.ndarray
    statements: list[tuple[frozenset[int], str]] = field(default_factory=list)
    operands: list[_Operand] = field(default_factory=list)
    known: dict[tuple[int, Axes], tuple[str, frozenset[int]]] = field(default_factory=dict)

    def element(self, v: Variable, axes: Axes) -> tuple[str, frozenset[int]]:
        """The name of a variable's element, and the axes that it depends on."""
        key = id(v), axes
        if key not in self.known:
            self.known[key] = self._made(v, axes)
        return self.known[key]

    def _made(self, v: Variable, axes: Axes) -> tuple[str, frozenset[int]]:
        if isinstance(v, Constant) and v.data.size == 1:
            return _literal(v.data), frozenset()
        if v.owner is None or not self.inside(v):
            return self._read(v, axes)
        op, inputs = v.owner.op, v.owner.inputs
        if isinstance(op, DimShuffle):
            where = {a: axes[i] for i, a in enumerate(op.pattern) if a != "x"}
            return self.element(inputs[0], tuple(map(where.get, range(inputs[0].type.ndim))))
        if isinstance(op, Alloc):
            return self.element(inputs[0], axes[len(axes) - inputs[0].type.ndim :])
        parts = [self.element(x, axes) for x in inputs]
        depends = frozenset[int]().union(*(d for _, d in parts))
        formula = _formula(v.owner, [name for name, _ in parts])
        return self._statement(depends, formula), depends

    def _read(self, v: Variable, axes: Axes) -> tuple[str, frozenset[int]]:
        array = self.array_of(v)
        strides = [0] * len(self.shape)
        for size, step, axis in zip(array.shape, array.strides, axes, strict=True):
            if axis is not None and size != 1:
                strides[axis] = step
        depends = frozenset(i for i, step in enumerate(strides) if step)
        if array is self.out:
            name = "y"
        else:
            name = f"a{len(self.operands)}"
            self.operands.append(_Operand(name, array, strides))
        return self._statement(depends, f"{name}[{{{name}}}]"), depends

    def _statement(self, depends: frozenset[int], formula: str) -> str:
        name = f"v{len(self.statements)}"
        self.statements.append((depends, f"{name} = {formula}"))
        return name


def fuse(
    root: Variable,
    inside: Callable[[Variable], bool],
    array_of: Callable[[Variable], np.ndarray],
    shape: tuple[int, ...],
    out: np.ndarray,
    reduced: Sequence[int] = (),
) -> tuple[Kernel, tuple[Any, ...]]:
    """One loop that computes a variable, or its sum.

    Parameters
    ----------
    root : Variable
    inside : callable
        ``inside(variable)``: whether its operation is part of the loop; otherwise it is read.
    array_of : callable
        The array of a variable that is read. ``out`` may be one: it is then updated in place.
    shape : tuple of int
        The root's.
    out : numpy.ndarray
        Of the root's shape without the reduced axes.
    reduced : sequence of int
        Axes that are added up.

    Returns
    -------
    kernel : Kernel
    arguments : tuple
        What to call it with: views of the arrays, and sizes.
    """
    fusion = _Fusion(shape, inside, array_of, out)
    value, _ = fusion.element(root, tuple(i if n != 1 else None for i, n in enumerate(shape)))
    kept = [i for i in range(len(shape)) if i not in reduced]
    steps = [0] * len(shape)
    for i, step in zip(kept, out.strides, strict=True):
        steps[i] = step if shape[i] != 1 else 0
    fusion.operands.append(_Operand("y", out, steps))
    return _loops(fusion, value, frozenset(reduced))


def _contiguous(shape: Sequence[int], itemsize: int) -> list[int]:
    steps = [itemsize]
    for n in reversed(shape[1:]):
        steps.append(steps[-1] * n)
    return steps[::-1][: len(shape)]


# ------------------------------------------------------------------------------ expressions


def _formula(node: Apply, names: Sequence[str]) -> str:
    """The expression for one operation, in the data type of its result."""
    dtype = node.outputs[0].type.dtype
    kinds = [x.type.dtype for x in node.inputs]
    if not isinstance(node.op, Elementwise):
        return f"{dtype}({names[0]})"
    common = dtype if dtype != "bool" else str(np.result_type(*kinds))
    operands = [
        # What a switch decides by is bool, not of the type of the result.
        n if kind in (common, "bool") else f"{common}({n})"
        for n, kind in zip(names, kinds, strict=True)
    ]
    source = node.op.scalar.source.format(*operands).replace("F(", f"{common}(")
    return f"{dtype}({source})"


def _literal(data: np.ndarray) -> str:
    value = data.reshape(-1)[0].item()
    if isinstance(value, float) and not math.isfinite(value):
        return f"{data.dtype}({'nan' if math.isnan(value) else 'inf' if value > 0 else '-inf'})"
    return f"{data.dtype}({value!r})"


# ------------------------------------------------------------------------------------- loops


def _loops(fusion: _Fusion, value: str, reduced: frozenset[int]) -> tuple[Kernel, tuple[Any, ...]]:
    """The kernel: a loop for each axis, the reduced ones inside."""
    shape, operands = fusion.shape, fusion.operands
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
    for depends, statement in fusion.statements:
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
        dtype=str(fusion.out.dtype),
    )
    return _kernel(nest, tuple(split), tuple(strided)), tuple(arguments)


def _merged(
    order: Sequence[int], operands: Sequence[_Operand], shape: Sequence[int]
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
    from nnkit.symbolic.cuda_codegen import twin

    return twin(nest)


@functools.cache
def _names() -> dict[str, Any]:
    """What the text may call: functions of math, faster ones of ours, and data types."""
    from nnkit.kernels.cpu import _math

    names = {name: getattr(math, name) for name in dir(math) if name[0] != "_"}
    names |= {name: f for name, f in vars(np).items() if isinstance(f, np.ufunc)}
    ours = ("exp", "log", "log1p", "sigmoid", "tanh")
    names |= {"sqrt": math.sqrt, "abs": abs} | {name: getattr(_math, name) for name in ours}
    return {"__name__": __name__, **names, **TYPES}
