"""Reductions over axes: ``T.sum(x, axis=0)`` and so on.

``axis`` is None for all axes, or one or several axes; ``keepdims`` keeps them with size 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit.symbolic.graph import describe
from nnkit.symbolic.tensor.elementwise import Sum, reinserted
from nnkit.symbolic.tensor.formulas import abs_, exp, isinf, log, neq, sqr, sqrt
from nnkit.symbolic.tensor.math import cast, isclose, mul, pow, switch
from nnkit.symbolic.tensor.reducers import ArgExtremum, Cumulative, Reduction
from nnkit.symbolic.tensor.shapes import axis_numbers
from nnkit.symbolic.tensor.variable import as_tensor

__all__ = [
    "all",
    "allclose",
    "any",
    "argmax",
    "argmin",
    "cumprod",
    "cumsum",
    "logsumexp",
    "max",
    "max_and_argmax",
    "mean",
    "min",
    "norm",
    "prod",
    "ptp",
    "std",
    "sum",
    "var",
]


def _axes(x: Any, axis: Any) -> tuple[int, ...]:
    """The axes as non-negative numbers, ascending."""
    if axis is None:
        return tuple(range(x.ndim))
    axes = axis_numbers(axis)
    for a in axes:
        if not -x.ndim <= a < x.ndim:
            raise ValueError(f"{describe(x)} has {x.ndim} axes, so no axis {a}")
    axes = sorted(a % x.ndim for a in axes)
    if len(set(axes)) < len(axes):
        raise ValueError(f"axis {axis!r} names an axis of {describe(x)} twice")
    return tuple(axes)


def _kept(y: Any, x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    return y.dimshuffle(*reinserted(axes, x.ndim)) if keepdims and axes else y


def _reduced(name: str, x: Any, axis: Any, keepdims: bool) -> Any:
    x = as_tensor(x)
    axes = _axes(x, axis)
    return _kept(Reduction(name, axes)(x), x, axes, keepdims)


def _as_fractions(x: Any) -> Any:
    """The tensor; of integers and bools in float64."""
    x = as_tensor(x)
    return x if x.dtype.startswith("float") else cast(x, "float64")


def _count(x: Any, axes: tuple[int, ...], dtype: str) -> Any:
    """Number of elements along some axes."""
    sizes = [x.shape[axis] for axis in axes if not x.broadcastable[axis]]
    return cast(mul(*sizes) if sizes else 1, dtype)


def sum(
    x: Any,
    axis: Any = None,
    dtype: str | None = None,
    keepdims: bool = False,
    acc_dtype: str | None = None,
) -> Any:
    """The sum over some axes.

    Parameters
    ----------
    x : Variable
    axis : int, sequence of int, optional
    dtype : str, optional
        Of the result; by default that of x, for small integers and bools int64.
    keepdims : bool
    acc_dtype : str, optional
        In which it is added up; by default ``dtype``.

    Examples
    --------
    >>> import nnkit.symbolic.tensor as T
    >>> x = T.bmatrix("x")
    >>> T.sum(x, axis=0).eval({x: [[100, 1], [100, 2]]})
    array([200,   3])
    """
    x = as_tensor(x)
    axes = _axes(x, axis)
    wide = acc_dtype or dtype
    total = Sum(axes)(x if wide is None else cast(x, wide))
    total = total if dtype is None else cast(total, dtype)
    return _kept(total, x, axes, keepdims)


def prod(
    x: Any,
    axis: Any = None,
    dtype: str | None = None,
    keepdims: bool = False,
    acc_dtype: str | None = None,
) -> Any:
    """The product over some axes; the arguments are those of :func:`sum`."""
    x = as_tensor(x)
    wide = acc_dtype or dtype
    product = _reduced("prod", x if wide is None else cast(x, wide), axis, keepdims)
    return product if dtype is None else cast(product, dtype)


def mean(
    x: Any,
    axis: Any = None,
    dtype: str | None = None,
    keepdims: bool = False,
    acc_dtype: str | None = None,
) -> Any:
    """The mean over some axes; for integers and bools computed in float64.

    The other arguments are those of :func:`sum`.
    """
    x = as_tensor(x)
    axes = _axes(x, axis)
    wide = acc_dtype or dtype or (x.dtype if x.dtype.startswith("float") else "float64")
    average = sum(x, axes, wide, keepdims) / _count(x, axes, wide)
    return average if dtype is None else cast(average, dtype)


def var(
    x: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False
) -> Any:
    """The variance over some axes: the mean square of the differences from the mean.

    Parameters
    ----------
    x : Variable
    axis : int, sequence of int, optional
    ddof : int
        The sum of squares is divided by the number of elements less this.
    keepdims : bool
    corrected : bool
        Make up for rounding errors in the mean.
    """
    x = as_tensor(x)
    axes = _axes(x, axis)
    difference = x - mean(x, axes, keepdims=True)
    squares = sum(sqr(difference), axes, keepdims=keepdims)
    count = _count(x, axes, squares.dtype)
    if corrected:
        squares = squares - sqr(sum(difference, axes, keepdims=keepdims)) / count
    return squares / (count - ddof)


def std(
    x: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False
) -> Any:
    """The standard deviation over some axes: the root of :func:`var`."""
    return sqrt(var(x, axis, ddof, keepdims, corrected))


def max(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The largest element along some axes; all that equal it have its gradient."""
    return _reduced("max", x, axis, keepdims)


def min(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The smallest element along some axes; all that equal it have its gradient."""
    return _reduced("min", x, axis, keepdims)


def ptp(x: Any, axis: Any = None) -> Any:
    """The largest element minus the smallest along some axes."""
    return max(x, axis) - min(x, axis)


def _arg(x: Any, axis: Any, keepdims: bool, largest: bool) -> Any:
    x = as_tensor(x)
    axes = _axes(x, axis)
    return _kept(ArgExtremum(largest, axes)(x), x, axes, keepdims)


def argmax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Index of the largest element along an axis, or in the flattened tensor; int64."""
    return _arg(x, axis, keepdims, largest=True)


def argmin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Index of the smallest element along an axis, or in the flattened tensor; int64."""
    return _arg(x, axis, keepdims, largest=False)


def max_and_argmax(x: Any, axis: Any = None, keepdims: bool = False) -> list[Any]:
    """The largest element, and its index."""
    return [max(x, axis, keepdims), argmax(x, axis, keepdims)]


def all(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether all elements along some axes are true, that is not 0."""
    return _reduced("all", x, axis, keepdims)


def any(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether any element along some axes is true, that is not 0."""
    return _reduced("any", x, axis, keepdims)


def allclose(
    x: Any, y: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    """Whether all elements of x and y differ by at most ``atol + rtol |y|``."""
    return all(isclose(x, y, rtol, atol, equal_nan))


def norm(x: Any, ord: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The norm of a given order over some axes: the root of the sum of powers.

    For integers and bools it is computed in float64.

    Parameters
    ----------
    x : Variable
    ord : float
        0 counts what is not zero; infinity gives the largest size, its negative the smallest.
    axis : int, sequence of int, optional
    keepdims : bool
    """
    x = _as_fractions(x)
    if ord == 0:
        return cast(sum(neq(x, 0), axis, keepdims=keepdims), x.dtype)
    if ord in (np.inf, -np.inf):
        return (max if ord > 0 else min)(abs_(x), axis, keepdims)
    if ord == 2:
        return sqrt(sum(sqr(x), axis, keepdims=keepdims))
    total = sum(abs_(x) if ord == 1 else pow(abs_(x), ord), axis, keepdims=keepdims)
    return total if ord == 1 else pow(total, cast(1.0 / ord, total.dtype))


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """ln(sum(exp(x))) over some axes, without overflow; for integers computed in float64."""
    x = _as_fractions(x)
    largest = max(x, axis, keepdims=True)
    largest = switch(isinf(largest), 0, largest)  # inf - inf is not a number.
    total = log(sum(exp(x - largest), axis, keepdims=True)) + largest
    axes = _axes(x, axis)
    return total if keepdims else total.dimshuffle(*(i for i in range(x.ndim) if i not in axes))


def cumsum(x: Any, axis: int | None = None) -> Any:
    """Cumulative sums along an axis, or of the flattened tensor.

    Examples
    --------
    >>> import nnkit.symbolic.tensor as T
    >>> x = T.dvector("x")
    >>> T.cumsum(x).eval({x: [1.0, 2.0, 3.0]})
    array([1., 3., 6.])
    """
    return _cumulative("sum", x, axis)


def cumprod(x: Any, axis: int | None = None) -> Any:
    """Cumulative products along an axis, or of the flattened tensor.

    The gradient is right only for elements that are not 0.
    """
    return _cumulative("prod", x, axis)


def _cumulative(name: str, x: Any, axis: int | None) -> Any:
    x = as_tensor(x).flatten() if axis is None else as_tensor(x)
    return Cumulative(name, _axes(x, 0 if axis is None else axis)[0])(x)
