"""Selecting, sorting and searching of elements: ``T.take``, ``T.nonzero``, ``T.sort``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnkit.symbolic.graph import Variable, describe
from nnkit.symbolic.op import Gradients, Op, Variables
from nnkit.symbolic.tensor.formulas import mod
from nnkit.symbolic.tensor.indexing import subtensor
from nnkit.symbolic.tensor.joining import stack
from nnkit.symbolic.tensor.making import arange
from nnkit.symbolic.tensor.math import clip
from nnkit.symbolic.tensor.shapes import normal_axis, size_of
from nnkit.symbolic.tensor.variable import TensorType, as_tensor

__all__ = [
    "ArgSort",
    "Nonzero",
    "SearchSorted",
    "Unique",
    "argsort",
    "argtopk",
    "flatnonzero",
    "nonzero",
    "nonzero_values",
    "searchsorted",
    "sort",
    "take",
    "take_along_axis",
    "topk",
    "topk_and_argtopk",
    "unique",
]


class Nonzero(Op):
    """Indices of the elements that are not zero, an int64 vector for each axis."""

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """As many vectors as axes."""
        if inputs[0].type.ndim == 0:
            raise ValueError(f"nonzero needs at least one axis, got {describe(inputs[0])}")
        return [TensorType("int64", [False])] * inputs[0].type.ndim

    def perform(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        """NumPy's nonzero."""
        return arrays[0].nonzero()


@dataclass(frozen=True, repr=False)
class ArgSort(Op):
    """The indices that sort along an axis; equal elements stay in order.

    Parameters
    ----------
    axis : int
        From 0 on.
    """

    axis: int

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """Integers in the same shape."""
        return [inputs[0].type.with_dtype("int64")]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """NumPy's argsort."""
        return np.argsort(arrays[0], axis=self.axis, kind="stable")


@dataclass(frozen=True, repr=False)
class SearchSorted(Op):
    """Where to insert values into a sorted vector.

    Parameters
    ----------
    side : {"left", "right"}
        Of elements that are equal to a value.
    """

    side: str

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """Integers in the shape of the values."""
        x, v = inputs
        if x.type.ndim != 1:
            raise TypeError(f"searchsorted takes a sorted vector, got {describe(x)}")
        return [v.type.with_dtype("int64")]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """NumPy's searchsorted."""
        x, v = arrays
        return np.asarray(np.searchsorted(x, v, "left" if self.side == "left" else "right"))

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """None: it jumps."""
        return [None, None]


@dataclass(frozen=True, repr=False)
class Unique(Op):
    """Elements without those that are there already, sorted; and more about them.

    Parameters
    ----------
    return_index, return_inverse, return_counts : bool
    axis : int, optional
        Along which whole parts are compared; by default all elements.
    """

    return_index: bool = False
    return_inverse: bool = False
    return_counts: bool = False
    axis: int | None = None

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """The elements, and a vector of integers for each of the others."""
        x = inputs[0]
        ones = [False] if self.axis is None else list(x.type.broadcastable)
        if self.axis is not None:
            ones[normal_axis(self.axis, x.type.ndim)] = False
        more = self.return_index + self.return_inverse + self.return_counts
        return [TensorType(x.type.dtype, ones), *[TensorType("int64", [False])] * more]

    def perform(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        """NumPy's unique."""
        values, *more = np.unique(arrays[0], True, True, True, axis=self.axis)
        wanted = self.return_index, self.return_inverse, self.return_counts
        return values, *(found.ravel() for found, want in zip(more, wanted, strict=True) if want)


def _along(x: Any, axis: int | None) -> tuple[Any, int]:
    """A tensor, and one of its axes counted from 0 on; for None it is flattened."""
    x = as_tensor(x) if axis is not None else as_tensor(x).flatten()
    return x, normal_axis(-1 if axis is None else axis, x.type.ndim)


def take(a: Any, indices: Any, axis: int | None = None, mode: str = "raise") -> Any:
    """The elements at indices of an axis, or of the flattened tensor.

    Parameters
    ----------
    a : tensor
    indices : int or tensor of integers
    axis : int, optional
    mode : {"raise", "clip", "wrap"}
        What becomes of an index beyond the end.
    """
    a, axis = _along(a, axis)
    if mode not in ("raise", "clip", "wrap"):
        raise ValueError(f"mode is 'raise', 'clip' or 'wrap', not {mode!r}")
    if mode == "clip":
        indices = clip(indices, 0, size_of(a, axis) - 1)
    elif mode == "wrap":
        indices = mod(indices, size_of(a, axis))
    return subtensor(a, (*[slice(None)] * axis, indices))


def nonzero(a: Any, return_matrix: bool = False) -> Any:
    """Indices of the elements that are not zero.

    Parameters
    ----------
    a : tensor
    return_matrix : bool
        As the rows of a matrix; by default a tuple with a vector for each axis.
    """
    found = tuple(Nonzero().applied(a))
    return stack(found) if return_matrix else found


def flatnonzero(a: Any) -> Any:
    """Indices of the non-zero elements of the flattened tensor."""
    return nonzero(as_tensor(a).flatten())[0]


def nonzero_values(a: Any) -> Any:
    """The elements that are not zero, as a vector."""
    a = as_tensor(a).flatten()
    return a[flatnonzero(a)]


def argsort(x: Any, axis: int | None = -1, kind: str = "stable", order: Any = None) -> Any:
    """The indices that sort along an axis; equal elements stay in order.

    Parameters
    ----------
    x : tensor
    axis : int or None
        None: the flattened tensor.
    kind, order
        Accepted for Theano's sake.
    """
    x, axis = _along(x, axis)
    return ArgSort(axis)(x)


def sort(x: Any, axis: int | None = -1, kind: str = "stable", order: Any = None) -> Any:
    """The tensor sorted along an axis.

    Parameters
    ----------
    x, axis, kind, order
        See :func:`argsort`.
    """
    x, axis = _along(x, axis)
    return take_along_axis(x, argsort(x, axis), axis)


def topk(x: Any, kth: int, axis: int | None = -1, sorted: bool = True) -> Any:
    """The ``kth`` largest elements along an axis, the largest first.

    Parameters
    ----------
    x : tensor
    kth : int
        How many; if it is negative, as many of the smallest, the smallest first.
    axis : int or None
        None: of the flattened tensor.
    sorted
        Accepted for Theano's sake; they always are.
    """
    return topk_and_argtopk(x, kth, axis)[0]


def argtopk(
    x: Any, kth: int, axis: int | None = -1, sorted: bool = True, idx_dtype: str = "int64"
) -> Any:
    """The indices of :func:`topk`."""
    return topk_and_argtopk(x, kth, axis, idx_dtype=idx_dtype)[1]


def topk_and_argtopk(
    x: Any, kth: int, axis: int | None = -1, sorted: bool = True, idx_dtype: str = "int64"
) -> list[Any]:
    """The largest elements along an axis and their indices; see :func:`topk`."""
    x, axis = _along(x, axis)
    if not isinstance(kth, (int, np.integer)) or kth == 0:
        raise ValueError(f"kth is how many elements, and negative for the smallest, got {kth!r}")
    order = argsort(-x if kth > 0 else x, axis)
    indices = subtensor(order, (*[slice(None)] * axis, slice(abs(int(kth)))))
    return [take_along_axis(x, indices, axis), indices.astype(idx_dtype)]


def searchsorted(x: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    """Indices at which to insert values into a sorted vector so that it stays sorted.

    Parameters
    ----------
    x : vector
    v : tensor
        The values.
    side : {"left", "right"}
        Whether to insert before or behind elements that are equal to a value.
    sorter : vector of integers, optional
        What sorts ``x``, if that is not sorted.
    """
    if side not in ("left", "right"):
        raise ValueError(f"side is 'left' or 'right', not {side!r}")
    return SearchSorted(side)(x if sorter is None else take(x, sorter, 0), v)


def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
) -> Any:
    """The distinct elements, sorted.

    Parameters
    ----------
    ar : tensor
    return_index, return_inverse, return_counts : bool
        Give, too, where each is first; which of them each element of ``ar`` is; how often each is.
    axis : int, optional
        Along which whole parts are compared; by default the flattened tensor.
    """
    return Unique(return_index, return_inverse, return_counts, axis)(ar)


def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    """The elements at ``indices`` along an axis, with other indices for each position.

    Parameters
    ----------
    arr : tensor
    indices : tensor of integers
        With as many axes, and of the same sizes but for this one.
    axis : int or None
        None: of the flattened tensor.
    """
    arr, axis = _along(arr, axis)
    indices, ndim = as_tensor(indices), arr.type.ndim
    if indices.type.ndim != ndim:
        raise ValueError(f"the indices have {ndim} axes as their tensor, got {describe(indices)}")
    index = [
        indices
        if i == axis
        else arange(size_of(arr, i)).dimshuffle(*(0 if j == i else "x" for j in range(ndim)))
        for i in range(ndim)
    ]
    return subtensor(arr, tuple(index))
