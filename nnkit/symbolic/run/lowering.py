"""A graph whose shapes are known, as a tape of kernels."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from nnkit.engine.dispatch import launch
from nnkit.engine.tape import Tape
from nnkit.kernels._jit import Kernel
from nnkit.kernels.calls import check
from nnkit.symbolic.graph import Apply, Variable, ancestors
from nnkit.symbolic.run.fusion import fuse, loops_of
from nnkit.symbolic.run.rules import LOWERINGS
from nnkit.symbolic.tensor.elementwise import DimShuffle, Sum, elementwise
from nnkit.symbolic.tensor.making import Alloc
from nnkit.symbolic.tensor.variable import Constant, SharedVariable, TensorType

__all__ = ["Lowering", "ShapeError", "UnsuitableError", "plain"]


class UnsuitableError(Exception):
    """There is no tape for these shapes."""


class ShapeError(Exception):
    """A result has not the shape for which the tape was made."""


class Lowering:
    """The tape of a graph for certain shapes.

    All results are computed from old values, and shared variables are written last: by the very
    loop that computes the new value, where nobody else reads the old one any more.

    Parameters
    ----------
    nodes : sequence of Apply
        What is to be done, in order.
    results : sequence of Variable
    updates : sequence of pairs
        Shared variables and what they become.
    reads : dict of Variable to numpy.ndarray
        What is computed elsewhere, each with the array that stands for it: C-contiguous.
    known : dict of int to numpy.ndarray
        Values, by the variable's id, that are the same for all calls with these shapes.
    shapes : dict of int to tuple
        Shapes by the variable's id.
    lasting : collection of Variable
        What is read and always lies where it stands. The others are bound data of the tape.

    Attributes
    ----------
    tape : Tape
    names : list of str or None
        Of what is read, as bound data; None for what is lasting.
    result_names : list of str
        Of the results, as bound data.
    reads : dict of Variable to numpy.ndarray
    updated : list of SharedVariable
    results : list of numpy.ndarray
        Where the tape leaves the results; no two share memory.
    limits : list of (id, size)
        Indices that are read, which must be from -size to size - 1.
    now : dict of int to numpy.ndarray
        What is read, in the call that is going on: for the operations that are done in Python.

    Raises
    ------
    UnsuitableError
    """

    def __init__(
        self,
        nodes: Sequence[Apply],
        results: Sequence[Variable],
        updates: Sequence[tuple[SharedVariable, Variable]],
        reads: dict[Variable, np.ndarray],
        known: dict[int, np.ndarray],
        shapes: dict[int, tuple[int, ...]],
        lasting: Collection[Variable] = (),
    ) -> None:
        nodes = [node for node in nodes if not any(id(v) in known for v in node.outputs)]
        made = {id(v) for node in nodes for v in node.outputs}
        used = [array.shape for array in reads.values()]
        empty = any(0 in shape for shape in used + [shapes[at] for at in made])
        if empty or not all(map(plain, reads.values())):
            raise UnsuitableError
        self.now: dict[int, np.ndarray] = {}
        self.shapes = shapes
        self.reads, self._reads = reads, {id(v) for v in reads}
        self._known = known
        self.limits: list[tuple[int, int]] = []
        self._arrays = {**known, **{id(v): array for v, array in reads.items()}}
        self._free: dict[int, np.ndarray] = {}  # Memory of results that is not written yet.
        self._final = {id(v) for v in (*results, *(new for _, new in updates))}
        self._loop = loops_of(nodes, self._final, shapes, known)
        self._users = Counter(id(v) for node in nodes for v in node.inputs)
        self.results = [np.empty(shapes[id(v)], v.type.dtype) for v in results]
        self.updated = [shared for shared, _ in updates]
        self.names = [None if v in lasting else f"read {i}" for i, v in enumerate(reads)]
        self.result_names = [f"result {i}" for i in range(len(self.results))]
        pairs = zip(self.names, reads.values(), strict=True)
        bound = {name: array for name, array in pairs if name is not None}
        self.tape = Tape(bound | dict(zip(self.result_names, self.results, strict=True)))
        for v, array in zip(results, self.results, strict=True):
            if id(v) in made:
                self._free.setdefault(id(v), array)
        late = self._late(nodes, results, updates)
        for node in nodes:
            if id(node.outputs[0]) not in late:
                self._do(node)
        for v, array in zip(results, self.results, strict=True):
            if self.array(v) is not array:
                self.copy(v, array)
        self._update(nodes, updates, late)

    # ----------------------------------------------------------------------- for operations

    def array(self, v: Variable) -> np.ndarray:
        """The array of a variable that is known or has been computed."""
        if isinstance(v, Constant):
            return v.data
        return self._arrays[id(v)]

    def whole(self, v: Variable, dtype: str | None = None) -> np.ndarray:
        """The array of a variable, C-contiguous, perhaps in another data type."""
        array = self.array(v)
        if array.flags.c_contiguous and dtype in (None, str(array.dtype)):
            return array
        whole = self.temporary(array.shape, dtype or array.dtype)
        self.copy(v, whole)
        return whole

    def rows(self, v: Variable, axes: Sequence[int]) -> np.ndarray:
        """The array of a variable as a matrix, whose rows run along some axes."""
        array = self.array(v)
        kept = [axis for axis in range(array.ndim) if axis not in axes]
        moved = array.transpose(*kept, *axes)
        if not moved.flags.c_contiguous:
            moved = self.temporary(moved.shape, array.dtype)
            self.copy(v, moved, array.transpose(*kept, *axes))
        return moved.reshape(math.prod(array.shape[axis] for axis in kept), -1)

    def out(self, v: Variable) -> np.ndarray:
        """Memory for a variable."""
        array = self._free.pop(id(v), None)
        if array is None:
            array = self.temporary(self.shapes[id(v)], v.type.dtype)
        self._arrays[id(v)] = array
        return array

    def changed(self, v: Variable, out: Variable) -> np.ndarray:
        """Memory for a variable that begins as another: the other's own, if nobody misses it."""
        array = self.array(v)
        alone = self._users[id(v)] == 1 and id(v) not in self._final | self._reads
        mine = v.owner is not None and self._loop.get(id(v)) == id(v)
        if alone and mine and id(out) not in self._free:
            self.alias(out, self._arrays.pop(id(v)))
            return array
        to = self.out(out)
        self.copy(v, to)
        return to

    def alias(self, v: Variable, array: np.ndarray) -> None:
        """Say that a variable is a view of memory which has been computed."""
        self._arrays[id(v)] = array

    def temporary(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """Memory for one call."""
        array = np.empty(shape, dtype)
        self.tape.own(array)
        return array

    def known(self, v: Variable) -> np.ndarray | None:
        """The value of a variable, if it is the same in all calls."""
        return v.data if isinstance(v, Constant) else self._known.get(id(v))

    def within(self, v: Variable, size: int) -> bool:
        """Whether an array of indices is checked to be within an axis: if need be, in each call."""
        value = self.known(v)
        if value is not None:
            return bool(value.min(initial=0) >= -size and value.max(initial=-1) < size)
        if id(v) in self._reads:
            self.limits.append((id(v), size))
            return True
        return False

    def call(self, kernel: Kernel, *arguments: Any) -> None:
        """Record a kernel."""
        check(kernel, arguments)
        self.tape.call(kernel, arguments, *kernel.encode(arguments))

    def copy(self, v: Variable, to: np.ndarray, array: np.ndarray | None = None) -> None:
        """Record a copy in the data type of ``to``; of ``array``, if the variable is not whole."""
        array = self.array(v) if array is None else array
        kernel, arguments = fuse(v, lambda _: False, lambda _: array, array.shape, to)
        self.call(kernel, *arguments)

    def add(self, array: np.ndarray, to: np.ndarray) -> None:
        """Record that an array is added to another of its shape."""
        ones = [n == 1 for n in to.shape]
        old, more = (TensorType(str(a.dtype), ones)() for a in (to, array))
        total, arrays = elementwise("add", old, more), {id(old): to, id(more): array}
        kernel, arguments = fuse(total, lambda v: v is total, lambda v: arrays[id(v)], to.shape, to)
        self.call(kernel, *arguments)

    # ------------------------------------------------------------------------------ private

    def _do(self, node: Apply) -> None:
        out = node.outputs[0]
        if self._loop.get(id(out), id(out)) != id(out):
            return  # In the loop of another.
        native = LOWERINGS.get(type(node.op))
        if isinstance(node.op, DimShuffle):
            self.alias(out, node.op.perform(self.array(node.inputs[0])))
        elif id(out) in self._loop:
            self._fused(node, self.out(out))
        elif native is None or not native(self, node):
            self._python(node)

    def _fused(self, node: Apply, to: np.ndarray) -> None:
        """Record the loop that ends in an operation."""
        root = node.outputs[0]
        summed = isinstance(node.op, Sum)
        top = node.inputs[0] if summed else root
        axes = node.op.axes if isinstance(node.op, Sum) else ()

        def inside(v: Variable) -> bool:
            return self._loop.get(id(v)) == id(root)

        if summed and not inside(top) and self._sum_rows(top, axes, to):
            return
        kernel, arguments = fuse(top, inside, self.array, self.shapes[id(top)], to, axes)
        self.call(kernel, *arguments)

    def _sum_rows(self, v: Variable, axes: Sequence[int], to: np.ndarray) -> bool:
        """Record the sum of a matrix over its rows, if it is one: it has a faster kernel."""
        array = self.array(v)
        if to.size == 1 or to.dtype.kind != "f" or not array.flags.c_contiguous:
            return False
        if tuple(axes) != tuple(range(len(axes))):
            return False
        self.call(launch.sum_rows, array.reshape(-1, to.size), 0, to.reshape(-1))
        return True

    def _python(self, node: Apply) -> None:
        """Record an operation that is done by NumPy."""
        places: list[int | None] = []
        given = []
        for v in node.inputs:
            array = self.array(v)
            if id(v) in self._reads:
                places.append(id(v))
                continue
            if self.known(v) is None and not self.tape.owns(array):
                array = self.temporary(array.shape, array.dtype)  # What it is part of may move.
                self.copy(v, array)
            places.append(None)
            given.append(array if self.known(v) is not None else self._packed(v, array))
        outs = [self.temporary(self.shapes[id(v)], v.type.dtype) for v in node.outputs]
        self._arrays.update(zip(map(id, node.outputs), outs, strict=True))

        def function(*arrays: np.ndarray) -> None:
            rest = iter(arrays)
            values = [next(rest) if at is None else self.now[at] for at in places]
            made = node.op.perform(*values)
            made = made if isinstance(made, (tuple, list)) else (made,)
            for result, out in zip(made, rest, strict=True):
                if np.shape(result) != out.shape:
                    raise ShapeError
                out[...] = result

        self.tape.stop(function, tuple(given), tuple(outs))

    def _packed(self, v: Variable, array: np.ndarray) -> np.ndarray:
        """An array of the tape's memory, C-contiguous."""
        if array.flags.c_contiguous:
            return array
        packed = self.temporary(array.shape, array.dtype)
        self.copy(v, packed)
        return packed

    # ------------------------------------------------------------------------------ updates

    def _late(
        self,
        nodes: Sequence[Apply],
        results: Sequence[Variable],
        updates: Sequence[tuple[SharedVariable, Variable]],
    ) -> dict[int, SharedVariable]:
        """New values that only an update needs, and that a loop computes: to be done last."""
        used = {id(v) for node in nodes for v in node.inputs} | {id(v) for v in results}
        news = [id(new) for _, new in updates]
        return {
            id(new): shared
            for shared, new in updates
            if self._loop.get(id(new)) == id(new)
            and id(new) not in used
            and news.count(id(new)) == 1
            and new.owner is not None
            and not isinstance(new.owner.op, (Sum, DimShuffle))
        }

    def _update(
        self,
        nodes: Sequence[Apply],
        updates: Sequence[tuple[SharedVariable, Variable]],
        late: dict[int, SharedVariable],
    ) -> None:
        """Write the new values, each after the last loop that reads the old one."""
        copies = []
        for shared, new in updates:
            if id(new) not in late and new is not shared:
                source = self.array(new)
                if self._touches(new, [s for s, _ in updates]) or not source.flags.c_contiguous:
                    source = self.temporary(source.shape, source.dtype)
                    self.copy(new, source)
                copies.append((source, shared))
        last = [node for node in nodes if id(node.outputs[0]) in late]
        leaves = [self._leaves(node) for node in last]
        for node, mine in zip(last, leaves, strict=True):
            shared = late[id(node.outputs[0])]
            others = [v for its in leaves if its is not mine for v, _ in its]
            reads = [(v, straight) for v, straight in mine if self._touches(v, [shared])]
            if (
                self.array(shared).shape == self.shapes[id(node.outputs[0])]
                and all(v is shared and straight for v, straight in reads)
                and not any(self._touches(v, [shared]) for v in others)
            ):
                self._fused(node, self.array(shared))
            else:
                copies.append((self.out(node.outputs[0]), shared))
                self._fused(node, copies[-1][0])
        for source, shared in copies:
            target = self.array(shared)
            if source.shape != target.shape:
                raise UnsuitableError
            self.call(launch.copy, source.reshape(-1), target.reshape(-1))

    def _touches(self, v: Variable, shared: Sequence[SharedVariable]) -> bool:
        """Whether a variable may lie in the memory of a shared one."""
        if id(v) in self._reads:
            return any(a is s for a in ancestors([v]) for s in shared)
        array = self.array(v)
        return any(np.may_share_memory(array, self.array(s)) for s in shared)

    def _leaves(self, node: Apply) -> list[tuple[Variable, bool]]:
        """What a loop reads, and whether its axes are those of the loop."""
        root = id(node.outputs[0])
        found: list[tuple[Variable, bool]] = []
        stack = [(node, True)]
        while stack:
            node, straight = stack.pop()
            straight = straight and not isinstance(node.op, (Alloc, DimShuffle))
            for v in node.inputs:
                if v.owner is not None and self._loop.get(id(v)) == root:
                    stack.append((v.owner, straight))
                elif not isinstance(v, Constant):
                    found.append((v, straight))
        return found


def plain(array: np.ndarray, writeable: bool = True) -> bool:
    """Whether kernels can work on an array where it lies."""
    flags = array.flags
    return flags.c_contiguous and flags.aligned and (flags.writeable or not writeable)
