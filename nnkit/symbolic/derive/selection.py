"""Gradients that are zero where a condition is false, whatever they are multiplied by.

Where c is false, nothing of ``switch(c, log(x), 0)`` comes from the logarithm. Its gradient there
is no number that happens to be 0, and that 1 / x could make nan of: there is no way to the cost.
So the condition goes along with the gradient, back through all that multiplies it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from nnkit.symbolic.derive.identities import GradClip, GradScale, Overridden
from nnkit.symbolic.graph import Apply, Variable, describe
from nnkit.symbolic.op import Op
from nnkit.symbolic.rewriting.match import alike, number, operands
from nnkit.symbolic.rewriting.stable import LogSumExp
from nnkit.symbolic.tensor.elementwise import (
    Cast,
    DimShuffle,
    Elemwise,
    Sum,
    elementwise,
    reinserted,
    unbroadcast,
)
from nnkit.symbolic.tensor.formulas import neq
from nnkit.symbolic.tensor.indexing import IncSubtensor, Subtensor
from nnkit.symbolic.tensor.joining import Join
from nnkit.symbolic.tensor.linear import BatchedMatmul, Diagonal, Dot, OnDiagonal, TensorDot
from nnkit.symbolic.tensor.making import Alloc, zeros_like
from nnkit.symbolic.tensor.math import cast, switch
from nnkit.symbolic.tensor.nnet import LogSoftmax, Softmax
from nnkit.symbolic.tensor.reducers import Cumulative, Reduction
from nnkit.symbolic.tensor.shapes import Rebroadcast, Reshape, SpecifyShape, patternbroadcast
from nnkit.symbolic.tensor.variable import as_tensor, constant

__all__ = ["Selected", "pulled"]


@dataclass(frozen=True)
class Selected:
    """A gradient, and where there is one.

    Attributes
    ----------
    value : Variable
        Where the condition is false, it may be anything.
    condition : Variable or None
        A tensor of bools with as many axes, which broadcasts; None if it is true everywhere.
    clean : bool
        Whether the value is 0 where the condition is false.
    local : bool
        Whether the condition is forgotten where it would have to be reduced. So are those of
        ``maximum`` and its like: what rectified units are made of guards nothing, most often.
    """

    value: Any
    condition: Any = None
    clean: bool = False
    local: bool = False

    @staticmethod
    def of(g: Any) -> Selected:
        """A gradient that may be made by ``switch``, with zeros on one side."""
        choice = operands(g, "switch")
        if choice is not None and number(choice[2]) == 0:
            return Selected(choice[1], choice[0])
        if choice is not None and number(choice[1]) == 0:
            return Selected(choice[2], elementwise("not", choice[0]))
        return Selected(g)

    @property
    def variable(self) -> Any:
        """The value, and 0 where the condition is false."""
        if self.condition is None or self.clean:
            return self.value
        opposite = operands(self.condition, "not")
        if opposite is not None:
            return switch(opposite[0], 0, self.value)
        return switch(self.condition, self.value, 0)

    @property
    def broadcastable(self) -> list[bool]:
        """Which axes of the gradient are known to be of size 1."""
        if self.condition is None:
            return list(self.value.broadcastable)
        pairs = zip(self.value.broadcastable, self.condition.broadcastable, strict=True)
        return [a and b for a, b in pairs]

    def fitted(self, x: Any, op: Op) -> Selected:
        """The gradient in the type of its variable.

        Raises
        ------
        TypeError
            It has other axes.
        """
        g = self.value
        if g.type.ndim != x.type.ndim:
            raise TypeError(
                f"the gradient of {op} by {describe(x)} has {g.type.ndim} axes instead of "
                f"{x.type.ndim}; it must have the shape of its variable"
            )
        ones, c, clean = x.type.broadcastable, self.condition, self.clean
        if self.broadcastable != list(ones):
            g, clean = patternbroadcast(self.variable, ones), True
            if c is not None:
                kept = [a or b for a, b in zip(c.broadcastable, ones, strict=True)]
                c = patternbroadcast(c, kept)
        return Selected(cast(g, x.type.dtype), c, clean, self.local)

    def __add__(self, other: Selected) -> Selected:
        """The gradient of a variable that is used twice."""
        a, b = self, other
        if a.condition is None or b.condition is None:
            return Selected(a.variable + b.variable)
        if _opposite(a.condition, b.condition):
            return Selected(switch(a.condition, a.value, b.value))
        if _opposite(b.condition, a.condition):
            return Selected(switch(b.condition, b.value, a.value))
        if alike(a.condition, b.condition):
            return Selected(
                a.value + b.value, a.condition, a.clean and b.clean, a.local and b.local
            )
        either = elementwise("or_", a.condition, b.condition)
        return Selected(a.variable + b.variable, either, clean=True, local=a.local or b.local)


def _opposite(a: Variable, b: Variable) -> bool:
    """Whether b is true where a is false."""
    x = operands(b, "not")
    return x is not None and alike(x[0], a)


def pulled(node: Apply, cotangents: Sequence[Selected | None]) -> list[Selected | None]:
    """Gradients by the inputs of an operation, from those by its outputs, one of which is there."""
    if isinstance(node.op, Elemwise) and cotangents[0] is not None:
        return _through_function(node, cotangents[0])
    conditions = _conditions(node, [g for g in cotangents if g is not None])
    local = any(g.local for g in cotangents if g is not None)
    outs = zip(cotangents, node.outputs, strict=True)
    above = [zeros_like(v) if g is None else g.variable for g, v in outs]
    found = node.op.pullback(_cleaned(node, conditions), node.outputs, above)
    moved = isinstance(node.op, _MOVES)
    return [
        None if g is None else Selected.of(g) if c is None else Selected(g, c, moved, local)
        for g, c in zip(found, conditions, strict=True)
    ]


def _through_function(node: Any, g: Selected) -> list[Selected | None]:
    """An element of the gradient is the product of that by the output and a number."""
    function = node.op.scalar
    made: list[Selected | None] = []
    if function.pullback is None:
        return [None] * len(node.inputs)
    found = function.pullback(node.inputs, node.outputs[0], g.value)
    for x, d in zip(node.inputs, found, strict=True):
        if d is None or not x.type.dtype.startswith("float"):
            made.append(None)
            continue
        part = g
        if d is not g.value:
            own = Selected.of(d)
            local = function.name != "switch" if own.condition is not None else g.local
            if g.condition is not None:
                local = local and g.local
            part = Selected(own.value, _both(g.condition, own.condition), local=local)
        made.append(_unbroadcast(part, x))
    return made


def _both(a: Any, b: Any) -> Any:
    """Where both conditions are true."""
    if a is None or b is None or alike(a, b):
        return b if a is None else a
    return elementwise("and_", a, b)


def _unbroadcast(g: Selected, x: Any) -> Selected:
    """A gradient added up over the axes that x was broadcast along."""
    pairs = zip(x.type.broadcastable, g.broadcastable, strict=True)
    axes = [i for i, (mine, its) in enumerate(pairs) if mine and not its]
    if not axes:
        return g
    return Selected(unbroadcast(g.variable, x), _any(g, axes), clean=True, local=g.local)


def _any(g: Selected, axes: Sequence[int]) -> Any:
    """Where a condition is true at least once along some axes, which stay with size 1."""
    c = g.condition
    if c is None:
        return None
    axes = [i for i in axes if not c.broadcastable[i]]
    if not axes or g.local:
        return None if axes else c
    return neq(Sum(tuple(axes))(c).dimshuffle(reinserted(axes, c.ndim)), 0)


def _conditions(node: Any, above: Sequence[Selected]) -> list[Any]:
    """Where there are gradients by the inputs, from where there are some by the outputs."""
    nothing: list[Any] = [None] * len(node.inputs)
    given = [g.condition for g in above]
    if isinstance(node.op, IncSubtensor) and node.op.replace:
        by_x, *rest = _placed(node, given[0])
        return [by_x, *(nothing[1:] if given[0] is None else rest)]
    if any(c is None for c in given) or isinstance(node.op, (GradClip, Overridden)):
        return nothing  # The user's own gradient may make something of zeros.
    if all(all(c.broadcastable) for c in given):  # All or nothing, whatever the operation is.
        one = reduce(lambda a, b: elementwise("or_", a, b), (c.dimshuffle() for c in given))
        return [as_tensor(one, ndim=x.type.ndim) for x in node.inputs]
    found = []
    if isinstance(node.op, (Cumulative, LogSoftmax, Softmax)):  # They mix elements along an axis.
        axis = node.op.axis if isinstance(node.op, Cumulative) else given[0].ndim - 1
        found = [_any(above[0], [axis])]
    elif type(node.op) in _RULES:
        found = _RULES[type(node.op)](node, given[0])
    return [*found, *nothing][: len(nothing)]


def _same(node: Any, c: Any) -> list[Any]:
    return [c]


def _shuffled(node: Any, c: Any) -> list[Any]:
    return list(node.op.pullback(node.inputs, node.outputs, [c]))


def _spread(node: Any, c: Any) -> list[Any]:
    """Through what has added up axes."""
    return [c.dimshuffle(reinserted(node.op.axes, node.inputs[0].type.ndim))]


def _placed(node: Any, c: Any) -> list[Any]:
    """Through what takes elements, as the gradients of ones go."""
    out = node.outputs[0]
    ones: Any = constant(1, dtype=out.type.dtype)
    taken = elementwise("second", out, ones if c is None else switch(c, ones, 0))
    found = node.op.pullback(node.inputs, node.outputs, [taken])
    return [None if g is None else neq(g, 0) for g in found]


def _product(node: Any, c: Any) -> list[Any]:
    """Rows of the result are made of rows on the left, columns of columns on the right."""
    a, b = node.inputs
    rows = a.type.ndim == 2 and (b.type.ndim == 1 or c.broadcastable[-1])
    columns = b.type.ndim == 2 and (a.type.ndim == 1 or c.broadcastable[0])
    by_a = c.dimshuffle(0, "x") if rows else None
    return [by_a, c.dimshuffle("x", c.ndim - 1) if columns else None]


def _products(node: Any, c: Any) -> list[Any]:
    """The same for many products, if each has its own matrices."""
    ones = {v.type.broadcastable[:-2] for v in (*node.inputs, *node.outputs)}
    if len(ones) > 1:
        return []
    return [c if c.broadcastable[-1] else None, c if c.broadcastable[-2] else None]


def _tensor_product(node: Any, c: Any) -> list[Any]:
    """The same for axes of the result, which are those that are left of the one, then the other."""
    a, b = node.inputs
    of_a = [i for i in range(a.type.ndim) if i not in node.op.a_axes]
    of_b = [i for i in range(b.type.ndim) if i not in node.op.b_axes]
    n = len(of_a)
    by_a = [of_a.index(i) if i in of_a else "x" for i in range(a.type.ndim)]
    by_b = [n + of_b.index(i) if i in of_b else "x" for i in range(b.type.ndim)]
    return [
        c.dimshuffle(by_a) if all(c.broadcastable[n:]) else None,
        c.dimshuffle(by_b) if all(c.broadcastable[:n]) else None,
    ]


def _cleaned(node: Any, conditions: Sequence[Any]) -> list[Any]:
    """The inputs of an operation, without rows and columns that nothing is taken from.

    In the gradient of a product by the one matrix they meet zeros, and add up with the others.
    """
    if not isinstance(node.op, (BatchedMatmul, Dot, TensorDot)):
        return list(node.inputs)
    return [
        x if c is None or all(c.broadcastable) else switch(c, x, 0)
        for x, c in zip(node.inputs, conditions, strict=True)
    ]


_RULES: dict[type[Op], Callable[[Any, Any], list[Any]]] = {
    Alloc: _placed,
    BatchedMatmul: _products,
    Cast: _same,
    Diagonal: _placed,
    DimShuffle: _shuffled,
    Dot: _product,
    GradScale: _same,
    IncSubtensor: _placed,
    Join: _placed,
    LogSumExp: _spread,
    OnDiagonal: _placed,
    Rebroadcast: _same,
    Reduction: _spread,
    Reshape: _placed,
    SpecifyShape: _same,
    Subtensor: _placed,
    Sum: _spread,
    TensorDot: _tensor_product,
}

# Operations that don't multiply: their gradients are zero where nothing was taken.
_MOVES = (
    Alloc,
    Cast,
    Diagonal,
    DimShuffle,
    GradScale,
    IncSubtensor,
    Join,
    OnDiagonal,
    Rebroadcast,
    Reshape,
    SpecifyShape,
    Subtensor,
    Sum,
)
