"""Gradients by the chain rule: from the cost back through the graph, each operation once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnkit.errors import warn
from nnkit.symbolic.derive.backward import Backward
from nnkit.symbolic.derive.identities import StopGradient
from nnkit.symbolic.graph import Variable, clone, describe, toposort
from nnkit.symbolic.rewriting.passes import stabilize
from nnkit.symbolic.tensor.making import ones_like, zeros_like

__all__ = ["DisconnectedInputError", "connected", "grad", "report_disconnected"]


class DisconnectedInputError(ValueError):
    """The gradient of a cost by a variable that it does not depend on."""


def grad(
    cost: Any,
    wrt: Any,
    consider_constant: Sequence[Variable] | None = None,
    disconnected_inputs: str = "raise",
    add_names: bool = True,
    known_grads: dict[Variable, Variable] | None = None,
    return_disconnected: str = "zero",
) -> Any:
    """The gradient of a scalar by one variable or several.

    Parameters
    ----------
    cost : Variable
        A scalar; None if ``known_grads`` says where to begin.
    wrt : Variable or sequence of Variable
    consider_constant : sequence of Variable, optional
        Not to be differentiated through; the cost does not depend on what is behind them.
    disconnected_inputs : {"raise", "warn", "ignore"}
        What to do about a variable that the cost does not depend on.
    add_names : bool
        Name the gradients after the cost and the variables.
    known_grads : dict of Variable to Variable, optional
        Gradients of some variables, which are not computed but taken from here.
    return_disconnected : {"zero", "None"}
        What the gradient by a variable is that the cost does not depend on.

    Returns
    -------
    Variable, or list or tuple of Variable
        In the form of ``wrt``, and each in the shape of its variable.

    Raises
    ------
    TypeError
        The cost is no scalar, or a variable is no float.
    DisconnectedInputError
        See ``disconnected_inputs``.

    Examples
    --------
    >>> import nnkit.symbolic as theano
    >>> import nnkit.symbolic.tensor as T
    >>> x = T.dscalar("x")
    >>> f = theano.function([x], theano.grad(x**2, x))
    >>> f(4.0)
    array(8.)
    """
    if disconnected_inputs not in ("raise", "warn", "ignore"):
        raise ValueError(
            f"disconnected_inputs is 'raise', 'warn' or 'ignore', not {disconnected_inputs!r}"
        )
    if return_disconnected not in ("zero", "None"):
        raise ValueError(f"return_disconnected is 'zero' or 'None', not {return_disconnected!r}")
    several = isinstance(wrt, (list, tuple))
    targets = list(wrt) if several else [wrt]
    ends = list(known_grads or {})
    if cost is None and not ends:
        raise TypeError("grad needs a cost, or known_grads to begin with")
    if cost is not None:
        if not isinstance(cost, Variable):
            raise TypeError(f"the cost must be a symbolic scalar, got {cost!r}")
        if cost.type.ndim != 0:
            raise TypeError(
                f"the cost must be a scalar, got {describe(cost)}; take its sum or mean"
            )
        if not cost.type.dtype.startswith("float"):
            raise TypeError(f"the cost must be a float, got {describe(cost)}")
        ends.append(cost)
    for x in targets:
        if not isinstance(x, Variable):
            raise TypeError(f"wrt must be a symbolic variable or a list of them, got {x!r}")
        if not x.type.dtype.startswith("float"):
            raise TypeError(f"there is no gradient by integers, got {describe(x)}")

    known_grads = known_grads or {}
    kept = [*targets, *known_grads, *(consider_constant or ())]
    better, originals = stabilize([*kept, *ends], kept)
    targets, ends = better[: len(targets)], better[len(kept) :]
    known = better[len(targets) : len(targets) + len(known_grads)]
    starts = list(zip(known, known_grads.values(), strict=True))
    if cost is not None:
        starts.append((ends[-1], ones_like(ends[-1])))
    constant = {id(v) for v in better[len(targets) + len(known) : len(kept)]}
    closed = constant | {id(v) for v in known}  # Nothing is added to these.
    backward = Backward(toposort(ends), starts, targets, constant, closed)
    reached = connected(ends, constant)
    name = getattr(cost, "name", None)
    found = []
    for x in targets:
        g = backward.by(x)
        if g is None:
            if id(x) not in reached:
                report_disconnected(cost, x, disconnected_inputs)
            if id(x) in reached or return_disconnected == "zero":
                g = zeros_like(x)
        elif add_names and name and x.name and g.name is None and g.owner is not None:
            g.name = f"(d{name}/d{x.name})"
        found.append(g)
    # A gradient is made of the cost's own variables, which may be the inputs of a function.
    own = iter(clone([g for g in found if g is not None], originals))
    found = [None if g is None else next(own) for g in found]
    return type(wrt)(found) if several else found[0]


def connected(ends: Sequence[Variable], constant: set[int]) -> set[int]:
    """What gradients reach from the ends."""
    found: set[int] = set()
    stack = [v for v in ends if id(v) not in constant]
    while stack:
        variable = stack.pop()
        owner = variable.owner
        if id(variable) in found:
            continue
        found.add(id(variable))
        if owner is not None and owner.op != StopGradient(False):
            stack.extend(v for v in owner.inputs if id(v) not in constant)
    return found


def report_disconnected(cost: Any, x: Variable, action: str) -> None:
    message = f"the cost does not depend on {describe(x)}"
    if action == "raise":
        raise DisconnectedInputError(
            f"{message}; disconnected_inputs='ignore' gives zeros for such a gradient"
        )
    if action == "warn":
        warn(message)
