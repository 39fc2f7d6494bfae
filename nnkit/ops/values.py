"""Data types and filled arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit.ops.naming import Expression
from nnkit.symbolic import tensor as T
from nnkit.symbolic.derive.identities import disconnected_grad

__all__ = [
    "cast",
    "full_like",
    "one_hot",
    "ones_like",
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
