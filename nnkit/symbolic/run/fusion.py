"""Elementwise operations fused into one loop: source text, compiled as any other kernel is.

A *fusion* is a tree of elementwise operations that ends in one array. Its operands are arrays of
the shape of the loop, arrays that broadcast against it, and single numbers; each is read once for
an element. Axes that lie side by side in every operand are looped over as one, so that most
fusions are one flat loop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnkit.kernels._jit import Kernel
from nnkit.kernels.generated.fused import Access, Statements, fused
from nnkit.symbolic.graph import Apply, Variable
from nnkit.symbolic.tensor.elementwise import Cast, DimShuffle, Elemwise, Sum
from nnkit.symbolic.tensor.making import Alloc
from nnkit.symbolic.tensor.variable import Constant

__all__ = ["fusable", "fuse", "loops_of"]

# For each axis of a variable the loop's axis, or None if it is of size 1.
Axes = tuple[int | None, ...]


def fusable(node: Apply | None) -> bool:
    """Whether a loop can do an operation."""
    if node is None:
        return False
    if isinstance(node.op, Elemwise):
        scalar, dtype = node.op.scalar, node.outputs[0].type.dtype
        # numba's powers of integers name a function that code from the cache would not find.
        return bool(scalar.source) and (scalar.name != "pow" or dtype.startswith("float"))
    return isinstance(node.op, (Alloc, Cast, DimShuffle))


@dataclass
class _Fusion:
    """The statements that compute one element, and what they read.

    Each statement has the axes that it depends on: it is done in the innermost of their loops.
    """

    shape: tuple[int, ...]
    inside: Callable[[Variable], bool]
    array_of: Callable[[Variable], np.ndarray]
    out: np.ndarray
    statements: Statements = field(default_factory=list)
    operands: list[Access] = field(default_factory=list)
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
            self.operands.append(Access(name, array, strides))
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
    fusion.operands.append(Access("y", out, steps))
    return fused(shape, fusion.operands, fusion.statements, value, frozenset(reduced))


def _formula(node: Apply, names: Sequence[str]) -> str:
    """The expression for one operation, in the data type of its result."""
    dtype = node.outputs[0].type.dtype
    kinds = [x.type.dtype for x in node.inputs]
    if not isinstance(node.op, Elemwise):
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


def loops_of(
    nodes: Sequence[Apply],
    final: Collection[int],
    shapes: Mapping[int, tuple[int, ...]],
    known: Mapping[int, np.ndarray],
) -> dict[int, int]:
    """For what a loop can compute, the result of the loop that does: ids of variables.

    An operation goes into the loop of what it is for, if that is one loop, and each of its elements
    is needed there once.
    """
    users: dict[int, set[int | None]] = {}
    loop: dict[int, int] = {}
    sizes: dict[int, int] = {}
    for node in reversed(nodes):
        out = node.outputs[0]
        # The sizes of what is allocated must be those of every call.
        sized = not isinstance(node.op, Alloc) or all(
            isinstance(v, Constant) or id(v) in known for v in node.inputs[1:]
        )
        if (fusable(node) and sized) or isinstance(node.op, Sum):
            loop[id(out)] = id(out)
            size = math.prod(shapes[id(out)])
            mine = users.get(id(out), set())
            root = next(iter(mine)) if len(mine) == 1 else None
            apart = id(out) in final or isinstance(node.op, Sum)
            once = isinstance(node.op, DimShuffle) or size in (1, sizes.get(root or 0))
            if root is not None and not apart and once:
                loop[id(out)] = root
            if isinstance(node.op, DimShuffle) and loop[id(out)] == id(out):
                del loop[id(out)]  # A view, so what it is of must be there.
            top = node.inputs[0] if isinstance(node.op, Sum) else out
            sizes[id(out)] = math.prod(shapes[id(top)])
        for v in node.inputs:
            users.setdefault(id(v), set()).add(loop.get(id(out)))
    return loop
