"""The walk behind ``grad``: from gradients of some variables back to those of all before them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from nnkit.symbolic.derive.selection import Selected, pulled
from nnkit.symbolic.graph import Apply, Variable
from nnkit.symbolic.ifelse import IfElse
from nnkit.symbolic.op import Op
from nnkit.symbolic.tensor.formulas import eq, neq
from nnkit.symbolic.tensor.making import zeros_like
from nnkit.symbolic.tensor.variable import as_tensor

__all__ = ["Backward"]


class Backward:
    """Gradients by all variables of a graph that lie between its ends and some targets.

    Parameters
    ----------
    order : sequence of Apply
        The graph, each operation after those that it needs.
    starts : sequence of (Variable, Variable)
        What begins with a gradient, and that.
    targets : sequence of Variable
        What gradients are wanted by.
    constant : set of int
        Ids of variables that are not differentiated through.
    closed : set of int
        Ids of variables to whose gradients nothing is added.

    """

    def __init__(
        self,
        order: Sequence[Apply],
        starts: Sequence[tuple[Variable, Variable]],
        targets: Sequence[Variable],
        constant: Collection[int],
        closed: Collection[int],
    ) -> None:
        self._order, self._closed = order, closed
        self._outside = {id(v) for v in (*targets, *(v for v, _ in starts))}
        self._wanted = {id(v) for v in targets}
        for node in order:  # Only what depends on a target is on the way.
            if any(id(v) in self._wanted for v in node.inputs):
                self._wanted |= {id(v) for v in node.outputs if id(v) not in constant}
        self._gradients: dict[int, Selected] = {}
        for v, g in starts:
            self._gradients.setdefault(id(v), Selected(g))
        self._walk(order, self._gradients)

    def by(self, variable: Variable) -> Any:
        """The gradient by a variable; None if there is none."""
        g = self._gradients.get(id(variable))
        return None if g is None else g.variable

    def _walk(self, nodes: Sequence[Apply], gradients: dict[int, Selected]) -> None:
        """Go back through some operations, and add up gradients."""
        for node in reversed(nodes):
            above = [gradients.get(id(v)) if id(v) in self._wanted else None for v in node.outputs]
            if all(g is None for g in above):
                continue
            for x, g in self._pulled(node, above):
                self._add(gradients, x, g, node.op)

    def _pulled(
        self, node: Apply, above: Sequence[Selected | None]
    ) -> Iterable[tuple[Any, Selected | None]]:
        """Variables before an operation, with what is added to their gradients."""
        if isinstance(node.op, IfElse):
            return self._through_branches(node, above)
        return zip(node.inputs, pulled(node, above), strict=True)

    def _add(self, gradients: dict[int, Selected], x: Any, g: Selected | None, op: Op) -> None:
        smooth = x.type.dtype.startswith("float")  # There is no gradient through integers.
        if g is not None and smooth and id(x) in self._wanted and id(x) not in self._closed:
            fitted = g.fitted(x, op)
            before = gradients.get(id(x))
            gradients[id(x)] = fitted if before is None else before + fitted

    def _through_branches(
        self, node: Any, above: Sequence[Selected | None]
    ) -> Iterator[tuple[Any, Selected]]:
        """Gradients by what the branches of an ``ifelse`` are made of.

        What only one branch needs is differentiated for that branch alone, up to what others need,
        too. There one gradient or the other is taken: so neither the branch that was not taken nor
        its gradient is ever computed.
        """
        sides = []
        met: dict[int, Any] = {}
        for values in node.op.halves(node.inputs[1:]):
            region = self._region(node, values)
            gradients: dict[int, Selected] = {}
            for v, g in zip(values, above, strict=True):
                self._add(gradients, v, g, node.op)
            self._walk(region, gradients)
            inside = {id(v) for inner in region for v in inner.outputs}
            before = [v for inner in region for v in inner.inputs] + list(values)
            met |= {id(v): v for v in before if id(v) in gradients and id(v) not in inside}
            sides.append(gradients)
        for at, v in met.items():
            zeros = zeros_like(v)
            both = [side[at].variable if at in side else zeros for side in sides]
            condition: Any = None
            if not all(at in side for side in sides):
                holds = neq if at in sides[0] else eq
                condition = as_tensor(holds(node.inputs[0], 0), ndim=v.ndim)
            yield v, Selected(node.op(node.inputs[0], *both), condition, clean=True)

    def _region(self, node: Apply, values: Sequence[Variable]) -> list[Apply]:
        """The operations that nothing but one branch of an ``ifelse`` needs, in order."""
        users: dict[int, list[Apply]] = {}
        for user in self._order:
            for v in user.inputs:
                users.setdefault(id(v), []).append(user)
        inside = {id(node)}
        for maker in reversed(self._order):
            if all(
                id(v) not in self._outside
                and all(id(user) in inside for user in users.get(id(v), []))
                and sum(x is v for x in node.inputs) == sum(x is v for x in values)
                for v in maker.outputs
            ) and any(id(v) in users for v in maker.outputs):
                inside.add(id(maker))
        return [maker for maker in self._order if id(maker) in inside - {id(node)}]
