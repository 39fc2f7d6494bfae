"""Order, places, and parts that are read and written by index."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nnkit.ops.naming import Expression
from nnkit.symbolic import tensor as T

__all__ = [
    "argsort",
    "bincount",
    "digitize",
    "get_item",
    "in_top_k",
    "isin",
    "scatter",
    "scatter_update",
    "searchsorted",
    "segment_max",
    "segment_min",
    "segment_prod",
    "segment_sum",
    "slice",
    "slice_update",
    "sort",
    "take_along_axis",
    "top_k",
    "unravel_index",
]


def sort(x: Expression, axis: int = -1) -> Expression:
    """x in ascending order along an axis."""
    return T.sort(x, axis)


def argsort(x: Expression, axis: int = -1) -> Expression:
    """The indices that put x into ascending order along an axis; equal elements stay in order."""
    return T.argsort(x, axis)


def top_k(x: Expression, k: int, sorted: bool = True) -> list[Expression]:
    """The k largest elements along the last axis, the largest first, and their indices.

    Parameters
    ----------
    x : expression
    k : int
    sorted : bool
        They are sorted whatever this says.
    """
    values, indices = T.topk_and_argtopk(x, k, -1, idx_dtype="int32")
    return [values, indices]


def in_top_k(targets: Expression, predictions: Expression, k: int) -> Expression:
    """Whether each target's class is among the k with the largest predictions; ties count.

    Parameters
    ----------
    targets : expression
        Labels, (batch,).
    predictions : expression
        (batch, classes).
    k : int
    """
    predictions = T.as_tensor(predictions)
    labels = T.cast(T.as_tensor(targets), "int64")
    own = T.take_along_axis(predictions, labels.dimshuffle(0, "x"), 1)
    larger = T.sum(T.cast(predictions > own, "int64"), axis=1)
    return larger < k


def take_along_axis(x: Expression, indices: Expression, axis: int | None = None) -> Expression:
    """The elements of x at indices along an axis, with other indices for each position."""
    return T.take_along_axis(x, indices, axis)


def searchsorted(sorted_sequence: Expression, values: Expression, side: str = "left") -> Expression:
    """Indices at which to insert values into a sorted vector so that it stays sorted."""
    return T.searchsorted(sorted_sequence, values, side)


def digitize(x: Expression, bins: Expression) -> Expression:
    """The number of each element's bin: how many of the ascending bounds are not above it."""
    return T.searchsorted(bins, x, "right")


def isin(
    x1: Expression, x2: Expression, assume_unique: bool = False, invert: bool = False
) -> Expression:
    """Whether each element of x1 is among those of x2.

    Parameters
    ----------
    x1, x2 : expression
    assume_unique : bool
        Has no effect.
    invert : bool
        Whether it is not.
    """
    x1 = T.as_tensor(x1)
    others = T.flatten(T.as_tensor(x2), 1).dimshuffle(*["x"] * x1.ndim, 0)
    found = T.any(T.eq(x1.dimshuffle(*range(x1.ndim), "x"), others), axis=-1)
    return T.invert(found) if invert else found


def bincount(x: Expression, weights: Expression | None = None, minlength: int = 0) -> Expression:
    """How often each number from 0 on occurs in a vector, or along each row of a matrix.

    Parameters
    ----------
    x : expression
        Integers of at least 0.
    weights : expression, optional
        What each counts; by default 1.
    minlength : int
        The length of the result, at least. For rows of a matrix it is the length, and larger
        numbers are not counted.
    """
    x = T.as_tensor(x)
    if x.ndim == 1:
        return T.bincount(x, weights, minlength)
    if not minlength:
        raise ValueError("bincount: for rows of a matrix, give minlength")
    hot = T.eq(x.dimshuffle(0, 1, "x"), T.arange(minlength))
    if weights is None:
        return T.sum(T.cast(hot, "int64"), axis=1)
    return T.sum(T.switch(hot, T.as_tensor(weights).dimshuffle(0, 1, "x"), 0), axis=1)


def get_item(x: Expression, key: Any) -> Expression:
    """``x[key]``."""
    return T.as_tensor(x)[key]


def slice(inputs: Expression, start_indices: Sequence[Any], shape: Sequence[Any]) -> Expression:
    """The part of a shape that begins at given indices."""
    return T.as_tensor(inputs)[_part(start_indices, shape)]


def slice_update(
    inputs: Expression, start_indices: Sequence[Any], updates: Expression
) -> Expression:
    """``inputs`` with ``updates`` in place of the part that begins at given indices."""
    updates = T.as_tensor(updates)
    sizes = [updates.shape[i] for i in range(updates.ndim)]
    return T.set_subtensor(T.as_tensor(inputs)[_part(start_indices, sizes)], updates)


def _part(start: Sequence[Any], shape: Sequence[Any]) -> tuple[Any, ...]:
    pairs = zip(start, shape, strict=True)
    return tuple(builtins.slice(first, first + n) for first, n in pairs)


def scatter(indices: Expression, values: Expression, shape: Sequence[int]) -> Expression:
    """Zeros of a shape, with values added at indices.

    Parameters
    ----------
    indices : expression
        (..., axes): one index for each of the first axes of ``shape``.
    values : expression
    shape : sequence of int
    """
    values = T.as_tensor(values)
    zeros = T.zeros(tuple(shape), values.dtype)
    return T.inc_subtensor(zeros[_indices(indices, len(shape))], values)


def scatter_update(
    inputs: Expression,
    indices: Expression,
    updates: Expression,
    reduction: str | None = None,
) -> Expression:
    """``inputs`` with ``updates`` at indices.

    Parameters
    ----------
    inputs : expression
    indices : expression
        (..., axes): one index for each of the first axes of ``inputs``.
    updates : expression
    reduction : {None, "add"}
        Whether updates replace elements or are added to them.
    """
    inputs = T.as_tensor(inputs)
    if reduction not in (None, "add"):
        raise ValueError(f"scatter_update: reduction is None or 'add', not {reduction!r}")
    part = inputs[_indices(indices, inputs.ndim)]
    return (T.set_subtensor if reduction is None else T.inc_subtensor)(part, updates)


def _indices(indices: Any, ndim: int) -> tuple[Any, ...]:
    """A vector or array of indices for each of some axes."""
    indices = T.as_tensor(indices)
    if not isinstance(indices, T.Constant):
        if ndim != 1:
            raise ValueError(
                "indices that are computed can be written to vectors only; for arrays of more "
                "axes, give them as numbers"
            )
        return (indices[..., 0],)
    numbers = indices.data
    return tuple(numbers[..., i] for i in range(numbers.shape[-1]))


def unravel_index(indices: Expression, shape: Sequence[int]) -> list[Expression]:
    """Indices of a flattened array as indices of each axis of an array of a shape."""
    indices = T.as_tensor(indices)
    found = []
    for n in reversed(tuple(shape)):
        found.append(T.mod(indices, n))
        indices = T.int_div(indices, n)
    return found[::-1]


# ------------------------------------------------------------------------------------ segments


def _segments(
    reduce: Callable[..., Any], start: Any, data: Any, segment_ids: Any, num_segments: Any
) -> Expression:
    """A reduction of the rows of each segment."""
    data, ids = T.as_tensor(data), T.as_tensor(segment_ids)
    if num_segments is None:
        num_segments = T.cast(T.max(ids), "int64") + 1
    belongs = T.eq(ids.dimshuffle("x", 0), T.arange(num_segments).dimshuffle(0, "x"))
    belongs = belongs.dimshuffle(0, 1, *["x"] * (data.ndim - 1))
    rows = data.dimshuffle("x", *range(data.ndim))
    return reduce(T.switch(belongs, rows, T.constant(start, dtype=data.dtype)), axis=1)


def _extreme(dtype: str, largest: bool) -> Any:
    if np.dtype(dtype).kind == "f":
        return np.inf if largest else -np.inf
    return np.iinfo(dtype).max if largest else np.iinfo(dtype).min


def segment_sum(
    data: Expression,
    segment_ids: Expression,
    num_segments: int | None = None,
    sorted: bool = False,
) -> Expression:
    """The sums of the rows of each segment.

    Parameters
    ----------
    data : expression
        (rows, ...).
    segment_ids : expression
        The segment of each row, from 0 on; a row with another number belongs to none.
    num_segments : int, optional
        By default up to the largest number.
    sorted : bool
        Has no effect.
    """
    return _segments(T.sum, 0, data, segment_ids, num_segments)


def segment_prod(
    data: Expression,
    segment_ids: Expression,
    num_segments: int | None = None,
    sorted: bool = False,
) -> Expression:
    """The products of the rows of each segment; see :func:`segment_sum`."""
    return _segments(T.prod, 1, data, segment_ids, num_segments)


def segment_max(
    data: Expression,
    segment_ids: Expression,
    num_segments: int | None = None,
    sorted: bool = False,
) -> Expression:
    """The largest of the rows of each segment, -infinity without any; see :func:`segment_sum`."""
    start = _extreme(T.as_tensor(data).dtype, largest=False)
    return _segments(T.max, start, data, segment_ids, num_segments)


def segment_min(
    data: Expression,
    segment_ids: Expression,
    num_segments: int | None = None,
    sorted: bool = False,
) -> Expression:
    """The smallest of the rows of each segment, infinity without any; see :func:`segment_sum`."""
    start = _extreme(T.as_tensor(data).dtype, largest=True)
    return _segments(T.min, start, data, segment_ids, num_segments)
