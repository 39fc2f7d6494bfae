"""Theano's ``T.extra_ops``: differences, counts, diagonals and permutations."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit.symbolic.graph import describe
from nnkit.symbolic.tensor.axes import squeeze
from nnkit.symbolic.tensor.elementwise import Cast, elementwise
from nnkit.symbolic.tensor.indexing import inc_subtensor, set_subtensor, subtensor
from nnkit.symbolic.tensor.joining import repeat
from nnkit.symbolic.tensor.making import arange, one_hot, to_one_hot, zeros
from nnkit.symbolic.tensor.picking import (
    Unique,
    argsort,
    flatnonzero,
    searchsorted,
    take,
    take_along_axis,
)
from nnkit.symbolic.tensor.reductions import cumprod, cumsum
from nnkit.symbolic.tensor.shapes import normal_axis, size_of
from nnkit.symbolic.tensor.variable import as_tensor

__all__ = [
    "Unique",
    "bincount",
    "compress",
    "cumprod",
    "cumsum",
    "diff",
    "fill_diagonal",
    "inverse_permutation",
    "one_hot",
    "permute_row_elements",
    "repeat",
    "searchsorted",
    "squeeze",
    "to_one_hot",
]


def diff(x: Any, n: int = 1, axis: int = -1) -> Any:
    """Differences of neighbouring elements along an axis, repeated n times.

    Examples
    --------
    >>> import nnkit.symbolic.tensor as T
    >>> x = T.dvector("x")
    >>> T.diff(x).eval({x: [1, 2, 4]})
    array([1., 2.])
    """
    x = as_tensor(x)
    before = [slice(None)] * normal_axis(axis, x.type.ndim)
    for _ in range(n):
        behind = subtensor(x, (*before, slice(1, None)))
        x = behind - subtensor(x, (*before, slice(None, -1)))
    return x


def bincount(x: Any, weights: Any = None, minlength: Any = None) -> Any:
    """Count how often each integer occurs in a vector of integers of at least 0.

    Parameters
    ----------
    x : vector
        Integers that are not negative.
    weights : vector, optional
        What each counts, by default 1.
    minlength : int or scalar, optional
        The length of the result, at least; by default up to the largest number.
    """
    x = as_tensor(x)
    if x.type.ndim != 1 or np.dtype(x.type.dtype).kind not in "iu":
        raise TypeError(f"bincount takes a vector of integers, got {describe(x)}")
    length = Cast("int64")(x.max()) + 1
    if minlength is not None:
        length = elementwise("maximum", length, minlength)
    weights = as_tensor(1 if weights is None else weights)
    dtype = "int64" if np.dtype(weights.type.dtype).kind in "iub" else weights.type.dtype
    return inc_subtensor(subtensor(zeros(length, dtype), x), weights)


def fill_diagonal(a: Any, val: Any) -> Any:
    """A copy of a matrix with ``val`` on the diagonal: a number, or an element for each row."""
    a = as_tensor(a)
    if a.type.ndim != 2:
        raise TypeError(f"fill_diagonal takes a matrix, got {describe(a)}")
    places = arange(elementwise("minimum", size_of(a, 0), size_of(a, 1)))
    return set_subtensor(subtensor(a, (places, places)), val)


def compress(condition: Any, x: Any, axis: int | None = None) -> Any:
    """The elements along an axis for which a vector of conditions is true."""
    return take(x, flatnonzero(condition), axis)


def inverse_permutation(perm: Any) -> Any:
    """The inverse of a permutation, or of each row of a matrix of permutations."""
    return argsort(perm)


def permute_row_elements(x: Any, y: Any, inverse: bool = False) -> Any:
    """x with the elements of each row in the order y, or in the inverse order."""
    return take_along_axis(x, inverse_permutation(y) if inverse else y)
