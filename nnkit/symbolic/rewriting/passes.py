"""What is done to a graph before it is differentiated, and before it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nnkit.symbolic.graph import Apply, Variable, clone, toposort
from nnkit.symbolic.rewriting.algebra import Shapes, algebra
from nnkit.symbolic.rewriting.rewriter import Change, Rewriter
from nnkit.symbolic.rewriting.stable import MOVES, STABLE
from nnkit.symbolic.tensor.elementwise import elementwise

__all__ = ["rewrite", "stabilize"]


def rewrite(
    outputs: Sequence[Variable], mode: str, record: list[Change] | None = None
) -> list[Variable]:
    """A graph that computes the same, faster and more precisely.

    Equal operations are done once, what depends on constants only is computed now, and formulas
    become shorter, and such that they don't overflow.

    Parameters
    ----------
    outputs : sequence of Variable
    mode : {"FAST_RUN", "FAST_COMPILE", "DebugMode"}
        FAST_COMPILE does only what keeps results finite.
    record : list, optional
        What was changed is added to it: the name of the rule, a variable, and what stands for it.
    """
    better = Rewriter(STABLE, record=record).run(outputs)
    if mode == "FAST_COMPILE":
        return better
    shapes = Shapes()
    return Rewriter(algebra(shapes), True, shapes.learn, record).run(better)


def stabilize(
    variables: Sequence[Variable], kept: Sequence[Variable] = ()
) -> tuple[list[Variable], dict[Variable, Variable]]:
    """The variables by formulas whose gradients are finite, too.

    Equal parts and views are left apart: a function may be given the one, not the other.

    Parameters
    ----------
    variables : sequence of Variable
    kept : sequence of Variable
        Of these the gradient is taken, so they stay between what they are made of and what is
        made of them; what stands for one now is found by asking for it among ``variables``.

    Returns
    -------
    better : list of Variable
    originals : dict of Variable to Variable
        For what has been made anew, what it stands for.
    """
    before = [v for node in toposort([*kept, *variables]) for v in node.outputs]
    better = _stabilized([*variables, *before], kept)
    count, known = len(variables), {id(v) for v in before}
    originals: dict[Variable, Variable] = {}
    for old, by in zip(before, better[count:], strict=True):
        if by.owner is not None and id(by) not in known:
            originals.setdefault(by, old)
    return better[:count], originals


def _stabilized(variables: Sequence[Variable], kept: Sequence[Variable]) -> list[Variable]:
    computed = {id(v) for v in kept if v.owner is not None}
    if not computed:
        return Rewriter(STABLE, apart=MOVES).run(variables)
    # Rules must not look through what is kept: inputs take its place meanwhile.
    order = [v for node in toposort(kept) for v in node.outputs if id(v) in computed]
    places = {v: v.type(v.name) for v in order}
    graphs = [*clone(variables, places), *(_made_anew(v, places) for v in order)]
    better = Rewriter(STABLE, apart=MOVES).run(graphs)
    now: dict[Variable, Variable] = {}
    for old, by in zip(order, better[len(variables) :], strict=True):
        (by,) = clone([by], now)
        # Each for itself: rules may have found it equal to something else.
        own = elementwise("identity", by) if by.owner is None else _made_anew(by, {})
        own.name, own.line = old.name, old.line
        now[places[old]] = own
    return clone(better[: len(variables)], now)


def _made_anew(variable: Variable, replace: Mapping[Variable, Variable]) -> Variable:
    """The same operation, on inputs that may be replaced."""
    node, index = variable.owner, variable.index
    if node is None:
        return variable
    outputs = Apply(node.op, clone(node.inputs, replace), [v.type for v in node.outputs]).outputs
    return outputs[index]
