"""Data types and filled arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit.ops.naming import Expression
from nnkit.symbolic import tensor as T
from nnkit.symbolic.derive.identities import disconnected_grad

__all__ = [
    "array",
    "cast",
    "convert_to_tensor",
    "copy",
    "full_like",
    "multi_hot",
    "one_hot",
    "ones_like",
    "saturate_cast",
    "stop_gradient",
    "zeros_like",
]


def cast(x: Expression, dtype: str) -> Expression:
    """x in another data type."""
    return T.cast(x, dtype)


def zeros_like(x: Expression, dtype: str | None = None) -> Expression:
    """Zeros in the shape of x."""
    return T.zeros_like(x, dtype)


def ones_like(x: Expression, dtype: str | None = None) -> Expression:
    """Ones in the shape of x."""
    return T.ones_like(x, dtype)


def full_like(x: Expression, fill_value: Any, dtype: str | None = None) -> Expression:
    """``fill_value`` in the shape of x."""
    x = T.as_tensor(x)
    return T.second(x, T.cast(fill_value, dtype or x.dtype))


def one_hot(
    x: Expression, num_classes: int, axis: int = -1, dtype: str | None = None
) -> Expression:
    """1 at the index x along a new axis, 0 elsewhere; in ``floatX`` by default."""
    x = T.as_tensor(x)
    classes = np.arange(num_classes)
    hot = T.cast(T.eq(T.expand_dims(T.cast(x, "int64"), -1), classes), dtype or "floatX")
    return hot if axis in (-1, x.ndim) else T.moveaxis(hot, -1, axis)


def stop_gradient(variable: Expression) -> Expression:
    """x, which gradients treat as a constant."""
    return disconnected_grad(variable)


def multi_hot(
    inputs: Expression,
    num_classes: int | None = None,
    axis: int = -1,
    dtype: str | None = None,
) -> Expression:
    """1 at each index along the last axis of ``inputs``, 0 elsewhere, along an axis in its place.

    Parameters
    ----------
    inputs : expression
        Integers, (batch, numbers), or (numbers,) for one sample.
    num_classes : int
    axis : int
        Where the classes are in the result.
    dtype : str, optional
    """
    if num_classes is None:
        raise ValueError("multi_hot: num_classes must be given")
    hot = one_hot(inputs, num_classes, axis, dtype)
    over = 1 if T.as_tensor(inputs).ndim > 1 else 0
    return T.max(hot, over)


def saturate_cast(x: Expression, dtype: str) -> Expression:
    """x in another data type; numbers beyond its range become its smallest or largest."""
    x = T.as_tensor(x)
    kinds = np.dtype(x.dtype).kind, np.dtype(dtype).kind
    if dtype == "bool" or x.dtype == "bool" or kinds[1] == "f":
        return T.cast(x, dtype)
    low: Any
    high: Any
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    if kinds[0] == "f":
        low, high = (np.asarray(v, x.dtype) for v in (low, high))
        high = np.nextafter(high, 0) if float(high) > np.iinfo(dtype).max else high
        inside = T.clip(x, low, high)
        return T.switch(x > high, np.asarray(np.iinfo(dtype).max, dtype), T.cast(inside, dtype))
    low, high = (int(np.clip(v, np.iinfo(x.dtype).min, np.iinfo(x.dtype).max)) for v in (low, high))
    return T.cast(T.clip(x, np.asarray(low, x.dtype), np.asarray(high, x.dtype)), dtype)


def copy(x: Expression) -> Expression:
    """x as an array of its own."""
    return T.tensor_copy(x)


def convert_to_tensor(x: Expression, dtype: str | None = None) -> Expression:
    """An array of a value; placeholders and expressions stay what they are."""
    x = T.as_tensor(x)
    return x if dtype is None else T.cast(x, dtype)


array = convert_to_tensor
