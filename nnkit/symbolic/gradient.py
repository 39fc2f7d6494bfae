"""Gradients by the chain rule: from the cost back through the graph, each operation once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnkit.errors import warn
from nnkit.symbolic.graph import Variable, clone, describe, toposort
from nnkit.symbolic.stops import (
    StopGradient,
    consider_constant,
    disconnected_grad,
    grad_clip,
    grad_scale,
    zero_grad,
)
from nnkit.symbolic.verify import GradientError, verify_grad

__all__ = [
    "DisconnectedInputError",
    "GradientError",
    "Lop",
    "Rop",
    "consider_constant",
    "disconnected_grad",
    "grad",
    "grad_clip",
    "grad_scale",
    "hessian",
    "jacobian",
    "verify_grad",
    "zero_grad",
]


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
    from nnkit.symbolic import tensor
    from nnkit.symbolic.backward import Backward
    from nnkit.symbolic.rewrite import stabilize

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
        starts.append((ends[-1], tensor.ones_like(ends[-1])))
    constant = {id(v) for v in better[len(targets) + len(known) : len(kept)]}
    closed = constant | {id(v) for v in known}  # Nothing is added to these.
    backward = Backward(toposort(ends), starts, targets, constant, closed)
    connected = _connected(ends, constant)
    name = getattr(cost, "name", None)
    found = []
    for x in targets:
        g = backward.by(x)
        if g is None:
            if id(x) not in connected:
                _disconnected(cost, x, disconnected_inputs)
            if id(x) in connected or return_disconnected == "zero":
                g = tensor.zeros_like(x)
        elif add_names and name and x.name and g.name is None and g.owner is not None:
            g.name = f"(d{name}/d{x.name})"
        found.append(g)
    # A gradient is made of the cost's own variables, which may be the inputs of a function.
    own = iter(clone([g for g in found if g is not None], originals))
    found = [None if g is None else next(own) for g in found]
    return type(wrt)(found) if several else found[0]


def _connected(ends: Sequence[Variable], constant: set[int]) -> set[int]:
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


def _disconnected(cost: Any, x: Variable, action: str) -> None:
    message = f"the cost does not depend on {describe(x)}"
    if action == "raise":
        raise DisconnectedInputError(
            f"{message}; disconnected_inputs='ignore' gives zeros for such a gradient"
        )
    if action == "warn":
        warn(message)


def jacobian(
    expression: Any,
    wrt: Any,
    consider_constant: Sequence[Variable] | None = None,
    disconnected_inputs: str = "raise",
) -> Any:
    """The derivatives of each element of a vector by one variable or several.

    Parameters
    ----------
    expression : vector or scalar
    wrt : Variable or sequence of Variable
    consider_constant, disconnected_inputs
        See :func:`grad`.

    Returns
    -------
    Variable or list of Variable
        Each with an axis for the elements of the vector, then those of its variable.

    Raises
    ------
    TypeError
        The expression has more than one axis.

    Examples
    --------
    >>> import nnkit.symbolic as theano
    >>> import nnkit.symbolic.tensor as T
    >>> x = T.dvector("x")
    >>> theano.gradient.jacobian(x**2, x).eval({x: [1, 2]})
    array([[2., 0.],
           [0., 4.]])
    """
    from nnkit.symbolic import tensor
    from nnkit.symbolic.scan import scan

    expression = tensor.as_tensor(expression)
    if expression.type.ndim == 0:
        return grad(expression, wrt, consider_constant, disconnected_inputs)
    if expression.type.ndim != 1:
        raise TypeError(f"the jacobian is of a vector, got {describe(expression)}; flatten it")
    several = isinstance(wrt, (list, tuple))
    targets = list(wrt) if several else [wrt]
    row = tensor.TensorType(expression.dtype, [False])("row")
    pulled = grad(
        None, targets, consider_constant, disconnected_inputs, known_grads={expression: row}
    )
    units = tensor.eye(expression.shape[0], dtype=row.dtype)
    rows, _ = scan(lambda unit: clone(pulled, {row: unit}), sequences=units)
    rows = rows if isinstance(rows, list) else [rows]
    return rows if several else rows[0]


def hessian(
    cost: Any,
    wrt: Any,
    consider_constant: Sequence[Variable] | None = None,
    disconnected_inputs: str = "raise",
) -> Any:
    """The second derivatives of a scalar by one vector or several, each by itself.

    Parameters
    ----------
    cost : Variable
        A scalar.
    wrt : vector or sequence of vectors
    consider_constant, disconnected_inputs
        See :func:`grad`.

    Returns
    -------
    Variable or list of Variable
        A symmetric matrix for each vector.

    Raises
    ------
    TypeError
        A variable is no vector.
    """
    several = isinstance(wrt, (list, tuple))
    found = []
    for x in wrt if several else [wrt]:
        if not isinstance(x, Variable) or x.type.ndim != 1:
            what = describe(x) if isinstance(x, Variable) else repr(x)
            raise TypeError(f"the hessian is by vectors, got {what}")
        first = grad(cost, x, consider_constant, disconnected_inputs)
        # A gradient that does not depend on x, as of a linear cost, changes by zeros.
        found.append(jacobian(first, x, consider_constant, "ignore"))
    return found if several else found[0]


def Lop(
    f: Any,
    wrt: Any,
    eval_points: Any,
    consider_constant: Sequence[Variable] | None = None,
    disconnected_inputs: str = "raise",
) -> Any:
    """The product of a row vector and the jacobian, without making the jacobian.

    Parameters
    ----------
    f : Variable or sequence of Variable
    wrt : Variable or sequence of Variable
    eval_points : Variable or sequence of Variable
        What to multiply by from the left, in the shape of each ``f``.
    consider_constant, disconnected_inputs
        See :func:`grad`.

    Returns
    -------
    Variable or list of Variable
        In the form and shapes of ``wrt``.
    """
    ends, points = _pairs(f, eval_points, "f")
    # Copies: one of the ends may depend on another.
    known = {_itself(end): point for end, point in zip(ends, points, strict=True)}
    return grad(None, wrt, consider_constant, disconnected_inputs, known_grads=known)


def Rop(f: Any, wrt: Any, eval_points: Any, disconnected_outputs: str = "raise") -> Any:
    """The product of the jacobian and a vector, without making the jacobian.

    Parameters
    ----------
    f : Variable or sequence of Variable
    wrt : Variable or sequence of Variable
    eval_points : Variable or sequence of Variable
        What to multiply by from the right, in the shape of each ``wrt``.
    disconnected_outputs : {"raise", "warn", "ignore"}
        What to do about an ``f`` that depends on no ``wrt``; its derivative is zeros.

    Returns
    -------
    Variable or list of Variable
        In the form and shapes of ``f``.

    Examples
    --------
    >>> import nnkit.symbolic as theano
    >>> import nnkit.symbolic.tensor as T
    >>> x, v = T.dvectors("x v")
    >>> theano.gradient.Rop(x**2, x, v).eval({x: [1, 2], v: [1, 10]})
    array([ 2., 40.])
    """
    from nnkit.symbolic import tensor

    targets, points = _pairs(wrt, eval_points, "wrt")
    several = isinstance(f, (list, tuple))
    found = []
    for end in f if several else [f]:
        end = tensor.as_tensor(end)
        if not _connected([end], set()) & {id(x) for x in targets}:
            _disconnected(end, targets[0], disconnected_outputs)
            found.append(tensor.zeros_like(end))
            continue
        # u J is linear in u, so its own pullback at v is J v. No u is left but for its shape.
        u = end.type("u")
        pulled = grad(None, targets, None, "ignore", known_grads={end: u})
        known = {_itself(g): v for g, v in zip(pulled, points, strict=True)}
        pushed = grad(None, u, None, "ignore", known_grads=known)
        found.extend(clone([pushed], {u: tensor.zeros_like(end)}))
    return found if several else found[0]


def _itself(x: Any) -> Any:
    """A variable of its own with the value and the gradient of x."""
    from nnkit.symbolic.tensor.shapes import Rebroadcast

    return Rebroadcast(x.type.broadcastable)(x)


def _pairs(variables: Any, points: Any, what: str) -> tuple[list[Any], list[Any]]:
    """Two lists of the same length and types."""
    from nnkit.symbolic import tensor

    left = list(variables) if isinstance(variables, (list, tuple)) else [variables]
    right = list(points) if isinstance(points, (list, tuple)) else [points]
    if len(left) != len(right):
        raise ValueError(
            f"each {what} needs an eval_point: {len(left)} and {len(right)} were given"
        )
    right = [tensor.as_tensor(point) for point in right]
    for variable, point in zip(left, right, strict=True):
        if variable.type.ndim != point.type.ndim:
            raise ValueError(
                f"an eval_point has the shape of its {what}: {describe(point)} is given for "
                f"{describe(variable)}"
            )
    return left, right
