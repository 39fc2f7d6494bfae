"""Sums and their like over axes, and products of matrices."""

from __future__ import annotations

from nnkit.ops.naming import Axis, Expression, over
from nnkit.ops.shapes import shape, swapaxes
from nnkit.symbolic import tensor as T

__all__ = [
    "all",
    "any",
    "argmax",
    "argmin",
    "dot",
    "logsumexp",
    "matmul",
    "max",
    "mean",
    "min",
    "norm",
    "prod",
    "std",
    "sum",
    "var",
]

sum = over(T.sum, "sum", "The sum over some axes, by default all.")
mean = over(T.mean, "mean", "The mean over some axes, by default all.")
prod = over(T.prod, "prod", "The product over some axes, by default all.")
max = over(T.max, "max", "The largest along some axes, by default all.")
min = over(T.min, "min", "The smallest along some axes, by default all.")
var = over(T.var, "var", "The variance over some axes, by default all.")
std = over(T.std, "std", "The standard deviation over some axes, by default all.")
any = over(T.any, "any", "Whether any is true along some axes, by default all.")
all = over(T.all, "all", "Whether all are true along some axes, by default all.")
argmax = over(T.argmax, "argmax", "Index of the largest along an axis, by default of all.")
argmin = over(T.argmin, "argmin", "Index of the smallest along an axis, by default of all.")
logsumexp = over(T.logsumexp, "logsumexp", "log(sum(exp(x))) over some axes, never infinite.")


def norm(
    x: Expression, ord: float | None = None, axis: Axis = None, keepdims: bool = False
) -> Expression:
    """The norm of vectors along some axes: by default the square root of the sum of squares."""
    if ord is None or ord == 2:
        return T.sqrt(T.sum(T.sqr(x), axis=axis, keepdims=keepdims))
    return T.norm(x, ord, axis=axis, keepdims=keepdims)


# -------------------------------------------------------------------------------- products


def dot(x1: Expression, x2: Expression) -> Expression:
    """NumPy's ``dot``: the last axis of x1 with the last but one of x2."""
    return T.dot(x1, x2)


def _sizes(x: Expression) -> list[Expression]:
    """The sizes of the axes; those known to be 1 are numbers."""
    return [1 if one else size for one, size in zip(x.broadcastable, shape(x), strict=True)]


def matmul(x1: Expression, x2: Expression) -> Expression:
    """The matrix product of the last two axes; the others are a batch, in both or one of them."""
    x1, x2 = T.as_tensor(x1), T.as_tensor(x2)
    if x2.ndim <= 2 and x1.ndim <= 2:
        return T.dot(x1, x2)
    if x2.ndim <= 2:  # One product of all rows.
        product = T.dot(T.reshape(x1, (-1, *_sizes(x1)[-1:])), x2)
        return T.reshape(product, (*_sizes(x1)[:-1], *_sizes(x2)[1:]))
    if x1.ndim == 1:
        return T.tensordot(x2, x1, axes=[[-2], [0]])
    if x1.ndim == 2:
        return swapaxes(matmul(swapaxes(x2, -1, -2), swapaxes(x1, -1, -2)), -1, -2)
    return T.batched_dot(x1, x2)
