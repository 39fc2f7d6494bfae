"""The walk that applies rules: inputs first, equal operations once, until nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nnkit.symbolic.graph import Apply, Variable, ancestors, toposort
from nnkit.symbolic.op import Op
from nnkit.symbolic.rewriting.match import Rules, constant_like, kind
from nnkit.symbolic.tensor.elementwise import Cast
from nnkit.symbolic.tensor.variable import Constant

__all__ = ["Change", "Rewriter"]

# The name of a rule, a variable, and what stands for it from now on.
Change = tuple[str, Variable, Variable]

# Elements of the largest constant that is computed in advance, and bytes of the largest that are
# compared.
LARGEST = 1_000_000
COMPARED = 65_536
# Many more than any graph needs: rules that undo each other must not go on for ever.
PASSES = 200


class Rewriter:
    """Applies rules to a graph; its own variables stay as they are.

    Equal operations on equal inputs become one, and so do equal constants.

    Parameters
    ----------
    rules : dict
        Rules by what they are for, see :func:`nnkit.symbolic.rewriting.match.kind`. A rule gives
        something better for the first output of an operation, of the same shape, or None.
    fold : bool
        Compute what depends on nothing but constants.
    prepare : callable, optional
        Told the operations before each pass.
    record : list of Change, optional
        Changes are added to it.
    apart : tuple of classes
        Operations that stay apart where they are equal.
    """

    def __init__(
        self,
        rules: Rules,
        fold: bool = False,
        prepare: Callable[[Sequence[Apply]], None] | None = None,
        record: list[Change] | None = None,
        apart: tuple[type[Op], ...] = (),
    ) -> None:
        self._rules, self._fold, self._prepare, self._apart = rules, fold, prepare, apart
        self._record = [] if record is None else record

    def run(self, outputs: Sequence[Variable]) -> list[Variable]:
        """The outputs of the better graph."""
        outputs = list(outputs)
        for _ in range(PASSES):
            before = len(self._record)
            outputs = self._pass(outputs)
            if len(self._record) == before:
                break
        return outputs

    def _pass(self, outputs: list[Variable]) -> list[Variable]:
        order = toposort(outputs)
        if self._prepare is not None:
            self._prepare(order)
        self._seen: dict[Any, list[Variable]] = {}
        self._known = {id(v) for v in ancestors(outputs)}
        new: dict[int, Variable] = {}

        def current(variable: Variable) -> Variable:
            if isinstance(variable, Constant) and variable.data.nbytes <= COMPARED:
                key = (variable.type, variable.data.shape, variable.data.tobytes())
                return self._seen.setdefault(key, [variable])[0]
            return new.get(id(variable), variable)

        for node in order:
            inputs = [current(v) for v in node.inputs]
            if any(a is not b for a, b in zip(inputs, node.inputs, strict=True)):
                made = Apply(node.op, inputs, [v.type for v in node.outputs])
                for old, by in zip(node.outputs, made.outputs, strict=True):
                    self._adopt(by, old)
            else:
                made = node
            better = self._better(made)
            new.update(zip(map(id, node.outputs), better, strict=True))
        return [current(v) for v in outputs]

    def _better(self, node: Apply) -> list[Variable]:
        """The best known outputs for a node."""
        key = (node.op, *map(id, node.inputs))
        if key in self._seen and not isinstance(node.op, self._apart):
            return self._changed("merge", node, self._seen[key])
        if self._fold and node.inputs and all(isinstance(v, Constant) for v in node.inputs):
            folded = _folded(node)
            if folded is not None:
                return self._changed("fold", node, folded)
        for rule in self._rules.get(kind(node), ()):
            by = rule(node)
            by = None if by is None else _fitted(by, node.outputs[0])
            if by is not None:
                return self._changed(rule.__name__.strip("_"), node, [by])
        self._seen[key] = node.outputs
        return node.outputs

    def _changed(self, rule: str, node: Apply, by: list[Variable]) -> list[Variable]:
        for old, new in zip(node.outputs, by, strict=True):
            self._adopt(new, old)
            self._record.append((rule, old, new))
        return by

    def _adopt(self, variable: Variable, old: Variable) -> None:
        """Give what was made just now the name and the line of what it stands for."""
        if id(variable) in self._known:
            return
        variable.name = variable.name or old.name
        fresh = [variable]
        while fresh:
            made = fresh.pop()
            made.line = old.line
            self._known.add(id(made))
            if made.owner is not None:
                fresh += [v for v in made.owner.inputs if id(v) not in self._known]


def _folded(node: Apply) -> list[Variable] | None:
    """The outputs as constants, unless they are large or can't be computed."""
    try:
        made = node.op.perform(*(v.data for v in node.inputs if isinstance(v, Constant)))
    except Exception:
        return None  # It may never be needed; if it is, the error belongs to the call.
    arrays = made if isinstance(made, (tuple, list)) else (made,)
    if sum(array.size for array in arrays) > LARGEST:
        return None
    return [constant_like(a, v) for a, v in zip(arrays, node.outputs, strict=True)]


def _fitted(by: Variable, old: Variable) -> Variable | None:
    """A replacement in the data type of what it replaces; None if its axes are others."""
    if by.type.broadcastable != old.type.broadcastable:
        return None
    result: Variable = by if by.type.dtype == old.type.dtype else Cast(old.type.dtype)(by)
    return result
