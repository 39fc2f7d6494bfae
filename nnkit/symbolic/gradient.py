"""Theano's ``theano.gradient``: what is made of gradients, and what they don't pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnkit.symbolic.derive.grad import DisconnectedInputError, connected, grad, report_disconnected
from nnkit.symbolic.derive.identities import (
    consider_constant,
    disconnected_grad,
    grad_clip,
    grad_scale,
    zero_grad,
)
from nnkit.symbolic.graph import Variable, clone, describe
from nnkit.symbolic.scan import scan
from nnkit.symbolic.tensor.making import eye, zeros_like
from nnkit.symbolic.tensor.shapes import Rebroadcast
from nnkit.symbolic.tensor.variable import TensorType, as_tensor
from nnkit.symbolic.tools.verify import GradientError, verify_grad

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
    expression = as_tensor(expression)
    if expression.type.ndim == 0:
        return grad(expression, wrt, consider_constant, disconnected_inputs)
    if expression.type.ndim != 1:
        raise TypeError(f"the jacobian is of a vector, got {describe(expression)}; flatten it")
    several = isinstance(wrt, (list, tuple))
    targets = list(wrt) if several else [wrt]
    row = TensorType(expression.dtype, [False])("row")
    pulled = grad(
        None, targets, consider_constant, disconnected_inputs, known_grads={expression: row}
    )
    units = eye(expression.shape[0], dtype=row.dtype)
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
    targets, points = _pairs(wrt, eval_points, "wrt")
    several = isinstance(f, (list, tuple))
    found = []
    for end in f if several else [f]:
        end = as_tensor(end)
        if not connected([end], set()) & {id(x) for x in targets}:
            report_disconnected(end, targets[0], disconnected_outputs)
            found.append(zeros_like(end))
            continue
        # u J is linear in u, so its own pullback at v is J v. No u is left but for its shape.
        u = end.type("u")
        pulled = grad(None, targets, None, "ignore", known_grads={end: u})
        known = {_itself(g): v for g, v in zip(pulled, points, strict=True)}
        pushed = grad(None, u, None, "ignore", known_grads=known)
        found.extend(clone([pushed], {u: zeros_like(end)}))
    return found if several else found[0]


def _itself(x: Any) -> Any:
    """A variable of its own with the value and the gradient of x."""
    return Rebroadcast(x.type.broadcastable)(x)


def _pairs(variables: Any, points: Any, what: str) -> tuple[list[Any], list[Any]]:
    """Two lists of the same length and types."""
    left = list(variables) if isinstance(variables, (list, tuple)) else [variables]
    right = list(points) if isinstance(points, (list, tuple)) else [points]
    if len(left) != len(right):
        raise ValueError(
            f"each {what} needs an eval_point: {len(left)} and {len(right)} were given"
        )
    right = [as_tensor(point) for point in right]
    for variable, point in zip(left, right, strict=True):
        if variable.type.ndim != point.type.ndim:
            raise ValueError(
                f"an eval_point has the shape of its {what}: {describe(point)} is given for "
                f"{describe(variable)}"
            )
    return left, right
