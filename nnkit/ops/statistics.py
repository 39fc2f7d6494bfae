"""What describes many numbers: averages, quantiles, running sums; and bringing them to a scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnkit import config
from nnkit.ops.naming import Axis, Expression, over, with_number
from nnkit.symbolic import tensor as T
from nnkit.symbolic.tensor.math import floats
from nnkit.symbolic.tensor.reductions import _as_fractions
from nnkit.symbolic.tensor.shapes import axis_numbers, normal_axis

__all__ = [
    "average",
    "batch_normalization",
    "corrcoef",
    "count_nonzero",
    "cumprod",
    "cumsum",
    "diff",
    "layer_normalization",
    "median",
    "moments",
    "nanargmax",
    "nanargmin",
    "nancumprod",
    "nancumsum",
    "nanmax",
    "nanmean",
    "nanmin",
    "nanprod",
    "nanstd",
    "nansum",
    "nanvar",
    "normalize",
    "percentile",
    "ptp",
    "quantile",
    "rms_normalization",
    "trapezoid",
]

ptp = over(
    lambda x, axis, keepdims: T.max(x, axis, keepdims) - T.min(x, axis, keepdims),
    "ptp",
    "The largest element minus the smallest along some axes, by default all.",
)


def _axes(x: Any, axis: Any) -> list[int]:
    """Numbers of axes, from 0 on; all for None."""
    given = range(x.ndim) if axis is None else axis_numbers(axis)
    return [normal_axis(a, x.ndim) for a in given]


def count_nonzero(x: Expression, axis: Axis = None) -> Expression:
    """How many elements are not 0 along some axes, by default all."""
    return T.sum(T.cast(T.neq(x, 0), "int64"), axis)


def average(
    x: Expression, axis: int | None = None, weights: Expression | None = None
) -> Expression:
    """The mean along an axis, by default of all; with weights sum(w x) / sum(w)."""
    if weights is None:
        return T.mean(x, axis)
    x, weights = T.as_tensor(x), T.as_tensor(weights)
    if weights.ndim == 1 and x.ndim > 1 and axis is not None:
        at = normal_axis(axis, x.ndim)
        weights = weights.dimshuffle(*(0 if i == at else "x" for i in range(x.ndim)))
    weights = T.second(x, weights)
    return T.sum(weights * x, axis) / T.sum(weights, axis)


def moments(
    x: Expression, axes: Axis, keepdims: bool = False, synchronized: bool = False
) -> list[Expression]:
    """The mean and the variance over some axes.

    Parameters
    ----------
    x : expression
    axes : int or sequence of int
    keepdims : bool
    synchronized : bool
        Has no effect: there are no other devices.
    """
    return [T.mean(x, axes, keepdims=keepdims), T.var(x, axes, keepdims=keepdims)]


def median(x: Expression, axis: Axis = None, keepdims: bool = False) -> Expression:
    """The middle element along some axes, by default all; of two in the middle their mean."""
    return quantile(x, 0.5, axis, keepdims=keepdims)


def percentile(
    x: Expression, q: Expression, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Expression:
    """:func:`quantile` for q in percent."""
    return quantile(x, T.as_tensor(q) / 100.0, axis, method, keepdims)


def quantile(
    x: Expression, q: Expression, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Expression:
    """The number below which a share q of the elements is, along some axes.

    Parameters
    ----------
    x : expression
    q : expression
        From 0 to 1; a number, or a vector, which becomes the first axis of the result.
    axis : int or sequence of int, optional
        By default all.
    method : {"linear", "lower", "higher", "midpoint", "nearest"}
        What to take of two elements between which it lies.
    keepdims : bool
    """
    methods = ("linear", "lower", "higher", "midpoint", "nearest")
    if method not in methods:
        raise ValueError(f"quantile: method is one of {', '.join(methods)}, not {method!r}")
    x, q = floats(x), T.as_tensor(q)
    axes = _axes(x, axis)
    rest = [i for i in range(x.ndim) if i not in axes]
    line = x.dimshuffle(*rest, *axes)
    line = T.reshape(line, (*(line.shape[i] for i in range(len(rest))), -1))
    ordered = T.sort(line, -1)
    place = T.cast(q, "float64") * T.cast(ordered.shape[len(rest)] - 1, "float64")
    low, high = T.floor(place), T.ceil(place)
    share = T.cast(place - low, x.dtype)
    if method == "nearest":
        low = high = T.round(place)
    below, above = (T.take(ordered, T.cast(i, "int64"), -1) for i in (low, high))
    if method in ("lower", "nearest"):
        found = below
    elif method == "higher":
        found = above
    elif method == "midpoint":
        found = (below + above) / 2
    else:
        found = below + share * (above - below)
    if q.ndim:
        found = T.moveaxis(found, -1, 0)
    if keepdims:
        first = range(q.ndim)
        places = {axis: i + q.ndim for i, axis in enumerate(rest)}
        found = found.dimshuffle(*first, *(places.get(i, "x") for i in range(x.ndim)))
    return found


def corrcoef(x: Expression) -> Expression:
    """The correlation coefficient of each two rows of a matrix."""
    x = _as_fractions(x)
    centred = x - T.mean(x, axis=1, keepdims=True)
    norms = T.sqrt(T.sum(T.sqr(centred), axis=1, keepdims=True))
    rows = centred / norms
    return T.dot(rows, rows.T)


# ---------------------------------------------------------------------------------- along an axis


def cumsum(x: Expression, axis: int | None = None, dtype: str | None = None) -> Expression:
    """The sums of the elements up to each one, along an axis, by default of x as a vector."""
    return T.cumsum(x if dtype is None else T.cast(x, dtype), axis)


def cumprod(x: Expression, axis: int | None = None, dtype: str | None = None) -> Expression:
    """The products of the elements up to each one, along an axis, by default of x as a vector."""
    return T.cumprod(x if dtype is None else T.cast(x, dtype), axis)


def diff(a: Expression, n: int = 1, axis: int = -1) -> Expression:
    """The differences of neighbours along an axis, n times."""
    return T.diff(a, n, axis)


def trapezoid(
    y: Expression, x: Expression | None = None, dx: float = 1.0, axis: int = -1
) -> Expression:
    """The integral of a function by its values along an axis, by straight lines between them.

    Parameters
    ----------
    y : expression
        The values.
    x : expression, optional
        Where they are, a vector or of y's shape.
    dx : float
        The distance of two places, if ``x`` isn't given.
    axis : int
    """
    y = T.moveaxis(floats(y), axis, -1)
    steps: Any = with_number(y, dx)[1]
    if x is not None:
        x = T.as_tensor(x)
        steps = T.diff(T.moveaxis(x, axis, -1) if x.ndim == y.ndim else x)
    return T.sum(steps * (y[..., 1:] + y[..., :-1]) / 2, axis=-1)


# ----------------------------------------------------------------------------------- without NaN


def _or(x: Any, value: float) -> tuple[Any, Any]:
    """x with a value in place of NaN, and where there is none."""
    x = floats(x)
    return T.switch(T.isnan(x), with_number(x, value)[1], x), T.invert(T.isnan(x))


def _nan_mean(x: Any, axis: Any, keepdims: bool) -> Any:
    values, there = _or(x, 0.0)
    count = T.cast(T.sum(T.cast(there, "int64"), axis, keepdims=keepdims), values.dtype)
    return T.sum(values, axis, keepdims=keepdims) / count


def _nan_var(x: Any, axis: Any, keepdims: bool) -> Any:
    x = floats(x)
    return _nan_mean(T.sqr(x - _nan_mean(x, axis, True)), axis, keepdims)


def _nan_extreme(function: Any, value: float) -> Any:
    def found(x: Any, axis: Any, keepdims: bool) -> Any:
        values, there = _or(x, value)
        nothing = T.invert(T.any(there, axis, keepdims=keepdims))
        most = function(values, axis, keepdims=keepdims)
        return T.switch(nothing, with_number(values, float("nan"))[1], most)

    return found


def _nan_place(function: Any, value: float) -> Any:
    def found(x: Any, axis: Any, keepdims: bool) -> Any:
        values, there = _or(x, value)
        nothing = T.invert(T.any(there, axis, keepdims=keepdims))
        return T.switch(nothing, -1, function(values, axis, keepdims=keepdims))

    return found


_SKIPPED = "over some axes, by default all, without NaN."
nansum = over(
    lambda x, axis, keepdims: T.sum(_or(x, 0.0)[0], axis, keepdims=keepdims),
    "nansum",
    f"The sum {_SKIPPED}",
)
nanprod = over(
    lambda x, axis, keepdims: T.prod(_or(x, 1.0)[0], axis, keepdims=keepdims),
    "nanprod",
    f"The product {_SKIPPED}",
)
nanmean = over(_nan_mean, "nanmean", f"The mean {_SKIPPED}")
nanvar = over(_nan_var, "nanvar", f"The variance {_SKIPPED}")
nanstd = over(
    lambda x, axis, keepdims: T.sqrt(_nan_var(x, axis, keepdims)),
    "nanstd",
    f"The standard deviation {_SKIPPED}",
)
nanmax = over(_nan_extreme(T.max, float("-inf")), "nanmax", f"The largest element {_SKIPPED}")
nanmin = over(_nan_extreme(T.min, float("inf")), "nanmin", f"The smallest element {_SKIPPED}")
nanargmax = over(
    _nan_place(T.argmax, float("-inf")),
    "nanargmax",
    "Index of the largest element that is not NaN; -1 if all are.",
)
nanargmin = over(
    _nan_place(T.argmin, float("inf")),
    "nanargmin",
    "Index of the smallest element that is not NaN; -1 if all are.",
)


def nancumsum(x: Expression, axis: int | None = None, dtype: str | None = None) -> Expression:
    """:func:`cumsum` with 0 in place of NaN."""
    return cumsum(_or(x, 0.0)[0], axis, dtype)


def nancumprod(x: Expression, axis: int | None = None, dtype: str | None = None) -> Expression:
    """:func:`cumprod` with 1 in place of NaN."""
    return cumprod(_or(x, 1.0)[0], axis, dtype)


# ------------------------------------------------------------------------------------ to a scale


def normalize(
    x: Expression, axis: Axis = -1, order: float = 2, epsilon: float | None = None
) -> Expression:
    """x divided by its norm over some axes.

    Parameters
    ----------
    x : expression
    axis : int or sequence of int
    order : float
        Of the norm, at least 1.
    epsilon : float, optional
        The least norm; by default :func:`nnkit.config.epsilon`.
    """
    if order < 1:
        raise ValueError(f"normalize: order is a number of at least 1, not {order!r}")
    x, least = with_number(x, config.epsilon() if epsilon is None else epsilon)
    if order == 2:  # Under the root, so that the gradient is finite where the norm is 0.
        return x / T.sqrt(T.maximum(T.sum(T.sqr(x), axis, keepdims=True), T.sqr(least)))
    return x / T.maximum(T.norm(x, order, axis, keepdims=True), least)


def batch_normalization(
    x: Expression,
    mean: Expression,
    variance: Expression,
    axis: int,
    offset: Expression | None = None,
    scale: Expression | None = None,
    epsilon: float = 1e-3,
) -> Expression:
    """(x - mean) / sqrt(variance + epsilon) scale + offset, with vectors along an axis."""
    x, epsilon_ = with_number(x, epsilon)
    at = normal_axis(axis, x.ndim)

    def along(vector: Any) -> Any:
        return T.as_tensor(vector).dimshuffle(*(0 if i == at else "x" for i in range(x.ndim)))

    y = (x - along(mean)) / T.sqrt(along(variance) + epsilon_)
    y = y if scale is None else y * along(scale)
    return y if offset is None else y + along(offset)


def layer_normalization(
    x: Expression,
    gamma: Expression | None = None,
    beta: Expression | None = None,
    axis: int | Sequence[int] = -1,
    epsilon: float | None = None,
) -> Expression:
    """(x - mean) / sqrt(variance + epsilon) gamma + beta, over some axes of each sample.

    Parameters
    ----------
    x : expression
    gamma, beta : expression, optional
        In the sizes of the axes.
    axis : int or sequence of int
    epsilon : float, optional
        By default :func:`nnkit.config.epsilon`.
    """
    x, least = with_number(x, config.epsilon() if epsilon is None else epsilon)
    y = (x - T.mean(x, axis, keepdims=True)) / T.sqrt(T.var(x, axis, keepdims=True) + least)
    y = y if gamma is None else y * _spread(gamma, x, axis)
    return y if beta is None else y + _spread(beta, x, axis)


def rms_normalization(
    x: Expression,
    scale: Expression | None = None,
    axis: int | Sequence[int] = -1,
    epsilon: float | None = None,
) -> Expression:
    """x / sqrt(mean(x^2) + epsilon) scale, over some axes of each sample.

    Parameters
    ----------
    x : expression
    scale : expression, optional
        In the sizes of the axes.
    axis : int or sequence of int
    epsilon : float, optional
        By default :func:`nnkit.config.epsilon`.
    """
    x, least = with_number(x, config.epsilon() if epsilon is None else epsilon)
    y = x / T.sqrt(T.mean(T.sqr(x), axis, keepdims=True) + least)
    return y if scale is None else y * _spread(scale, x, axis)


def _spread(v: Any, x: Any, axis: Any) -> Any:
    """A weight with the sizes of some axes, along these axes of x."""
    v, axes = T.as_tensor(v), _axes(x, axis)
    if v.ndim == x.ndim or v.ndim == 0:
        return v
    return v.dimshuffle(*(axes.index(i) if i in axes else "x" for i in range(x.ndim)))
