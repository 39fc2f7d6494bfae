"""Elements by where they are, whether they are zero, and in order: ``T.take``, ``T.sort``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit.symbolic.graph import Op, Variable, describe
from nnkit.symbolic.tensor.indexing import subtensor
from nnkit.symbolic.tensor.joining import stack
from nnkit.symbolic.tensor.making import arange
from nnkit.symbolic.tensor.shapes import normal_axis, size_of
from nnkit.symbolic.tensor.variable import TensorType, as_tensor

__all__ = [
    "ArgSort",
    "Nonzero",
    "argsort",
    "flatnonzero",
    "nonzero",
    "nonzero_values",
    "sort",
    "take",
    "take_along_axis",
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


class ArgSort(Op):
    """The indices that sort along an axis; equal elements stay in order.

    Parameters
    ----------
    axis : int
        From 0 on.
    """

    props = ("axis",)

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """Integers in the same shape."""
        return [inputs[0].type.with_dtype("int64")]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """NumPy's argsort."""
        return np.argsort(arrays[0], axis=self.axis, kind="stable")


def take(a: Any, indices: Any, axis: int | None = None, mode: str = "raise") -> Any:
    """Some elements along an axis, or of the flattened tensor.

    Parameters
    ----------
    a : tensor
    indices : int or tensor of integers
    axis : int, optional
    mode : {"raise", "clip", "wrap"}
        What becomes of an index beyond the end.
    """
    from nnkit.symbolic import tensor

    a = as_tensor(a) if axis is not None else tensor.flatten(as_tensor(a))
    axis = normal_axis(axis or 0, a.type.ndim)
    if mode not in ("raise", "clip", "wrap"):
        raise ValueError(f"mode is 'raise', 'clip' or 'wrap', not {mode!r}")
    if mode == "clip":
        indices = tensor.clip(indices, 0, size_of(a, axis) - 1)
    elif mode == "wrap":
        indices = tensor.mod(indices, size_of(a, axis))
    return subtensor(a, (*[slice(None)] * axis, indices))


def nonzero(a: Any, return_matrix: bool = False) -> Any:
    """Indices of the elements that are not zero.

    Parameters
    ----------
    a : tensor
    return_matrix : bool
        As the rows of a matrix; by default a tuple with a vector for each axis.
    """
    found = Nonzero()(a)
    found = tuple(found) if isinstance(found, list) else (found,)
    return stack(found) if return_matrix else found


def flatnonzero(a: Any) -> Any:
    """Indices into the flattened tensor of the elements that are not zero."""
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
    x = as_tensor(x) if axis is not None else as_tensor(x).flatten()
    return ArgSort(normal_axis(-1 if axis is None else axis, x.type.ndim))(x)


def sort(x: Any, axis: int | None = -1, kind: str = "stable", order: Any = None) -> Any:
    """Sorted along an axis.

    Parameters
    ----------
    x, axis, kind, order
        See :func:`argsort`.
    """
    x = as_tensor(x) if axis is not None else as_tensor(x).flatten()
    return take_along_axis(x, argsort(x, -1 if axis is None else axis), axis)


def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    """For each place of ``indices`` the element at that index along an axis.

    Parameters
    ----------
    arr : tensor
    indices : tensor of integers
        With as many axes, and of the same sizes but for this one.
    axis : int or None
        None: of the flattened tensor.
    """
    arr = as_tensor(arr) if axis is not None else as_tensor(arr).flatten()
    indices, ndim = as_tensor(indices), arr.type.ndim
    if indices.type.ndim != ndim:
        raise ValueError(f"the indices have {ndim} axes as their tensor, got {describe(indices)}")
    axis = normal_axis(-1 if axis is None else axis, ndim)
    index = [
        indices
        if i == axis
        else arange(size_of(arr, i)).dimshuffle(*(0 if j == i else "x" for j in range(ndim)))
        for i in range(ndim)
    ]
    return subtensor(arr, tuple(index))
