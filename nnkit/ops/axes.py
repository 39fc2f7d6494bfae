"""Reductions over axes, and matrix products."""

from __future__ import annotations

import math

from nnkit.ops.naming import Axis, Expression, over
from nnkit.ops.shapes import shape, swapaxes
from nnkit.symbolic import tensor as T
from nnkit.symbolic.tensor.shapes import axis_numbers, normal_axis

__all__ = [
    "all",
    "amax",
    "amin",
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
max = over(T.max, "max", "The largest element along some axes, by default all.")
min = over(T.min, "min", "The smallest element along some axes, by default all.")
amax, amin = max, min
var = over(T.var, "var", "The variance over some axes, by default all.")
std = over(T.std, "std", "The standard deviation over some axes, by default all.")
any = over(T.any, "any", "Whether any element is true along some axes, by default all.")
all = over(T.all, "all", "Whether all elements are true along some axes, by default all.")
argmax = over(T.argmax, "argmax", "Index of the largest element along an axis, by default of all.")
argmin = over(T.argmin, "argmin", "Index of the smallest element along an axis, by default of all.")
logsumexp = over(T.logsumexp, "logsumexp", "log(sum(exp(x))) over some axes, never infinite.")


def norm(
    x: Expression, ord: float | str | None = None, axis: Axis = None, keepdims: bool = False
) -> Expression:
    """The norm of vectors along an axis, or of matrices along two, as NumPy defines it.

    Parameters
    ----------
    x : expression
    ord : float or "fro", optional
        By default the square root of the sum of squares, over any number of axes. For vectors,
        0 counts non-zero elements, infinity gives the largest absolute value, and its negative the
        smallest. For matrices, ``"fro"`` is the default; 1 is the largest sum of absolute values in
        a column, infinity that in a row, and their negatives are the smallest such sums.
    axis : int, sequence of int, optional
        By default all axes.
    keepdims : bool

    Raises
    ------
    ValueError
        The norm isn't defined for as many axes; or needs singular values, as 2 for matrices.

    Examples
    --------
    >>> import numpy as np
    >>> from nnkit import ops
    >>> float(ops.norm(np.array([[1.0, -2.0], [3.0, 4.0]]), 1))
    6.0
    """
    x = T.as_tensor(x)
    given = range(x.ndim) if axis is None else axis_numbers(axis)
    axes = [normal_axis(a, x.ndim) for a in given]  # In the order given: rows, columns.
    if ord is None or (ord == "fro" and len(axes) == 2):
        return T.norm(x, 2, axis=axes, keepdims=keepdims)
    if len(axes) == 1 and not isinstance(ord, str):
        return T.norm(x, ord, axis=axes, keepdims=keepdims)
    if len(axes) == 2 and ord in (1, -1, math.inf, -math.inf):
        summed = axes[0] if abs(ord) == 1 else axes[1]
        sums = T.sum(T.abs_(x), axis=summed, keepdims=True)
        return (T.max if ord > 0 else T.min)(sums, axis=axes, keepdims=keepdims)
    raise ValueError(
        f"norm: there is no ord={ord!r} over {len(axes)} axes; vectors (one axis) take a number, "
        "matrices (two axes) 'fro', 1, -1, inf or -inf, and any number of axes takes ord=None"
    )


# -------------------------------------------------------------------------------- products


def dot(x1: Expression, x2: Expression) -> Expression:
    """NumPy's ``dot``: products summed over the last axis of x1 and the last but one of x2."""
    return T.dot(x1, x2)


def sizes_of(x: Expression) -> list[Expression]:
    """The sizes of the axes, as numbers where they are known to be 1."""
    return [1 if one else size for one, size in zip(x.broadcastable, shape(x), strict=True)]


def matmul(x1: Expression, x2: Expression) -> Expression:
    """The matrix product over the last two axes; other axes are batches, and broadcast."""
    x1, x2 = T.as_tensor(x1), T.as_tensor(x2)
    if x2.ndim <= 2 and x1.ndim <= 2:
        return T.dot(x1, x2)
    if x2.ndim <= 2:  # One product for all rows.
        product = T.dot(T.reshape(x1, (-1, *sizes_of(x1)[-1:])), x2)
        return T.reshape(product, (*sizes_of(x1)[:-1], *sizes_of(x2)[1:]))
    if x1.ndim == 1:
        return T.tensordot(x2, x1, axes=[[-2], [0]])
    if x1.ndim == 2:
        return swapaxes(matmul(swapaxes(x2, -1, -2), swapaxes(x1, -1, -2)), -1, -2)
    return T.matmul(x1, x2)
