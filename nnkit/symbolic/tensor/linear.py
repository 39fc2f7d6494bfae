"""Products of matrices and vectors, and diagonals of matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnkit.symbolic.graph import Variable, describe
from nnkit.symbolic.op import Gradients, Op, Variables
from nnkit.symbolic.tensor.elementwise import unbroadcast
from nnkit.symbolic.tensor.making import zeros
from nnkit.symbolic.tensor.math import cast, mul
from nnkit.symbolic.tensor.reductions import sum
from nnkit.symbolic.tensor.scalars import same
from nnkit.symbolic.tensor.shapes import axis_numbers, flatten, normal_axis, size_of
from nnkit.symbolic.tensor.variable import TensorType, as_tensor

__all__ = [
    "Dot",
    "batched_dot",
    "diag",
    "diagonal",
    "dot",
    "extract_diag",
    "inner",
    "matmul",
    "outer",
    "tensordot",
    "trace",
]


class Dot(Op):
    """The product of two matrices, of a matrix and a vector, or of two vectors."""

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """The outer axes of both."""
        a, b = inputs
        for x in inputs:
            if x.type.ndim not in (1, 2):
                raise TypeError(f"dot takes vectors and matrices, got {describe(x)}; see tensordot")
        ones = (*a.type.broadcastable[:-1], *b.type.broadcastable[1:])
        return [TensorType(same(a.type.dtype, b.type.dtype), ones)]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """NumPy's product."""
        return np.asarray(np.dot(*arrays))

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """g b^T and a^T g, where vectors stand for a row on the left and a column on the right."""
        (a, b), g = inputs, cotangents[0]
        rows = a if a.type.ndim == 2 else a.dimshuffle("x", 0)
        columns = b if b.type.ndim == 2 else b.dimshuffle(0, "x")
        if a.type.ndim == 1:
            g = g.dimshuffle("x", *range(g.type.ndim))
        if b.type.ndim == 1:
            g = g.dimshuffle(*range(g.type.ndim), "x")
        da, db = Dot()(g, columns.T), Dot()(rows.T, g)
        da = da if a.type.ndim == 2 else flatten(da, 1)
        db = db if b.type.ndim == 2 else flatten(db, 1)
        return [cast(da, a.type.dtype), cast(db, b.type.dtype)]


@dataclass(frozen=True, repr=False)
class TensorDot(Op):
    """The sum of products over some axes of both, which disappear.

    Parameters
    ----------
    a_axes, b_axes : tuple of int
        From 0 on, in the order in which they belong together.
    """

    a_axes: tuple[int, ...]
    b_axes: tuple[int, ...]

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """The axes of a that are left, then those of b."""
        a, b = inputs
        ones = [n for i, n in enumerate(a.type.broadcastable) if i not in self.a_axes]
        ones += [n for i, n in enumerate(b.type.broadcastable) if i not in self.b_axes]
        return [TensorType(same(a.type.dtype, b.type.dtype), ones)]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """NumPy's product."""
        a, b = arrays
        return np.asarray(np.tensordot(a, b, (self.a_axes, self.b_axes)))

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """Products of the gradient with the other one over the axes that the other one left."""
        (a, b), g = inputs, cotangents[0]
        a_left = [i for i in range(a.type.ndim) if i not in self.a_axes]
        b_left = [i for i in range(b.type.ndim) if i not in self.b_axes]
        n = len(a_left)
        # Axes that were summed come out in the order of the other one.
        a_order = [*a_left, *(i for _, i in sorted(zip(self.b_axes, self.a_axes, strict=True)))]
        b_order = [*(i for _, i in sorted(zip(self.a_axes, self.b_axes, strict=True))), *b_left]
        da = TensorDot(tuple(range(n, g.type.ndim)), tuple(b_left))(g, b)
        db = TensorDot(tuple(a_left), tuple(range(n)))(a, g)
        da = da.dimshuffle(*np.argsort(a_order).tolist())
        db = db.dimshuffle(*np.argsort(b_order).tolist())
        return [cast(da, a.type.dtype), cast(db, b.type.dtype)]


class BatchedMatmul(Op):
    """The product of the matrices in the last two axes; the others broadcast."""

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """Both have as many axes as the output, at least two."""
        a, b = inputs
        pairs = zip(a.type.broadcastable[:-2], b.type.broadcastable[:-2], strict=True)
        ones = [*map(all, pairs), a.type.broadcastable[-2], b.type.broadcastable[-1]]
        return [TensorType(same(a.type.dtype, b.type.dtype), ones)]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """NumPy's product."""
        return np.asarray(np.matmul(*arrays))

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """g b^T and a^T g, added up over axes that were broadcast."""
        (a, b), g = inputs, cotangents[0]
        da, db = BatchedMatmul()(g, swapped(b)), BatchedMatmul()(swapped(a), g)
        return [unbroadcast(da, a), unbroadcast(db, b)]


@dataclass(frozen=True, repr=False)
class Diagonal(Op):
    """A diagonal of the matrices in the last two axes.

    Parameters
    ----------
    offset : int
        How far it is above the main one; below, it is negative.
    """

    offset: int = 0

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """One axis less."""
        x = inputs[0]
        if x.type.ndim < 2:
            raise TypeError(f"diagonal takes matrices, got {describe(x)}")
        one = self.offset == 0 and any(x.type.broadcastable[-2:])
        return [TensorType(x.type.dtype, [*x.type.broadcastable[:-2], one])]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """NumPy's diagonal."""
        return np.diagonal(arrays[0], self.offset, -2, -1).copy()

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """The gradient on the diagonal, zeros beside it."""
        return [OnDiagonal(self.offset)(inputs[0], cotangents[0])]


@dataclass(frozen=True, repr=False)
class OnDiagonal(Op):
    """Zeros in the shape of a tensor with something on a diagonal of its last two axes.

    Parameters
    ----------
    offset : int
        As of :class:`Diagonal`.
    """

    offset: int = 0

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """The tensor's axes, the diagonal's data type."""
        return [inputs[0].type.with_dtype(inputs[1].type.dtype)]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """Zeros, and the diagonal."""
        like, diagonal = arrays
        result = np.zeros(like.shape, diagonal.dtype)
        places = np.arange(diagonal.shape[-1])
        down, right = max(-self.offset, 0), max(self.offset, 0)
        result[..., places + down, places + right] = diagonal
        return result

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """Of the matrix only the shape matters."""
        return [None, Diagonal(self.offset)(cotangents[0])]


def swapped(x: Any) -> Any:
    """Matrices transposed: the last two axes swapped."""
    *batch, rows, columns = range(x.type.ndim)
    return x.dimshuffle(*batch, columns, rows)


def dot(a: Any, b: Any) -> Any:
    """The product over the last axis of a and the last but one of b, as NumPy's ``dot``.

    The result is a scalar for two vectors, a vector for a matrix and a vector, and a matrix for two
    matrices; a scalar multiplies each element.

    Examples
    --------
    >>> import nnkit.symbolic.tensor as T
    >>> x, w = T.dvectors("x w")
    >>> T.dot(x, w).eval({x: [1.0, 2.0], w: [3.0, 4.0]})
    array(11.)
    """
    a, b = as_tensor(a), as_tensor(b)
    if a.ndim == 0 or b.ndim == 0:
        return mul(a, b)
    if a.ndim <= 2 and b.ndim <= 2:
        return Dot()(a, b)
    return tensordot(a, b, [[a.ndim - 1], [b.ndim - 2 if b.ndim > 1 else 0]])


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """The sum of products over some axes of both.

    Parameters
    ----------
    a, b : Variable
    axes : int or pair
        So many of the last axes of a with as many of the first of b; or the axes of a and those of
        b, each an integer or a list.

    Returns
    -------
    Variable
        The axes of a that are left, then those of b.
    """
    a, b = as_tensor(a), as_tensor(b)
    if isinstance(axes, (int, np.integer)):
        for x, place in ((a, "last"), (b, "first")):
            if axes > x.ndim:
                raise ValueError(f"{describe(x)} has {x.ndim} axes, so not the {place} {axes}")
        axes = [list(range(a.ndim - int(axes), a.ndim)), list(range(int(axes)))]
    if len(axes) != 2:
        raise ValueError(f"axes is an integer or a pair, got {axes!r}")
    places = []
    for x, given in zip((a, b), axes, strict=True):
        listed = axis_numbers(given)
        if not all(-x.ndim <= i < x.ndim for i in listed):
            raise ValueError(f"{describe(x)} has {x.ndim} axes, so not the axes {listed}")
        places.append(tuple(i % x.ndim for i in listed))
        if len(set(places[-1])) < len(listed):
            raise ValueError(f"axes {listed} name an axis of {describe(x)} twice")
    if len(places[0]) != len(places[1]):
        raise ValueError(f"axes name as many axes of a as of b, got {axes!r}")
    return TensorDot(*places)(a, b)


def matmul(a: Any, b: Any) -> Any:
    """The product of the matrices in the last two axes, as NumPy's ``matmul``."""
    a, b = as_tensor(a), as_tensor(b)
    if a.ndim == 0 or b.ndim == 0:
        raise TypeError(f"matmul takes no scalars, got {describe(a if a.ndim == 0 else b)}")
    if a.ndim <= 2 and b.ndim <= 2:
        return Dot()(a, b)
    row, column = a.ndim == 1, b.ndim == 1
    b = b.dimshuffle(0, "x") if column else b
    ndim = max(a.ndim, b.ndim)
    product = BatchedMatmul()(as_tensor(a, ndim=ndim), as_tensor(b, ndim=ndim))
    left = [*range(ndim - 2), *([] if row else [ndim - 2]), *([] if column else [ndim - 1])]
    return product.dimshuffle(*left) if len(left) < ndim else product


def batched_dot(a: Any, b: Any) -> Any:
    """The product of each element of a with that of b: ``dot(a[i], b[i])``.

    Parameters
    ----------
    a, b : Variable
        A stack of matrices (three axes), of vectors (two) or of numbers (one).
    """
    a, b = as_tensor(a), as_tensor(b)
    for x in (a, b):
        if not 1 <= x.ndim <= 3:
            raise TypeError(f"batched_dot takes one to three axes, got {describe(x)}")
    if a.ndim == 1 or b.ndim == 1:
        number, other = (a, b) if a.ndim == 1 else (b, a)
        return number.dimshuffle(0, *["x"] * (other.ndim - 1)) * other
    left = [0, *([1] if a.ndim == 3 else []), *([2] if b.ndim == 3 else [])]
    rows = a if a.ndim == 3 else a.dimshuffle(0, "x", 1)
    columns = b if b.ndim == 3 else b.dimshuffle(0, 1, "x")
    product = BatchedMatmul()(rows, columns)
    return product.dimshuffle(*left) if len(left) < 3 else product


def outer(a: Any, b: Any) -> Any:
    """The matrix of the products of each element of a with each element of b."""
    a, b = (x if x.ndim == 1 else x.flatten() for x in map(as_tensor, (a, b)))
    return mul(a.dimshuffle(0, "x"), b.dimshuffle("x", 0))


def inner(a: Any, b: Any) -> Any:
    """The sum of products over the last axes of both."""
    a, b = as_tensor(a), as_tensor(b)
    return mul(a, b) if 0 in (a.ndim, b.ndim) else tensordot(a, b, [[-1], [-1]])


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonals of the matrices in two axes, along a last axis.

    Parameters
    ----------
    x : Variable
    offset : int
        How far above the main diagonal.
    axis1, axis2 : int
    """
    x = as_tensor(x)
    if x.ndim < 2:
        raise TypeError(f"diagonal takes matrices, got {describe(x)}")
    rows, columns = normal_axis(axis1, x.ndim), normal_axis(axis2, x.ndim)
    if rows == columns:
        raise ValueError(f"a diagonal is of two axes, got axis {axis1} twice")
    batch = [axis for axis in range(x.ndim) if axis not in (rows, columns)]
    return Diagonal(int(offset))(x.dimshuffle(*batch, rows, columns))


extract_diag = diagonal


def diag(x: Any, k: int = 0) -> Any:
    """The k-th diagonal of a matrix, or the matrix with a vector on its k-th diagonal.

    Examples
    --------
    >>> import nnkit.symbolic.tensor as T
    >>> x = T.dvector("x")
    >>> T.diag(x).eval({x: [1.0, 2.0]})
    array([[1., 0.],
           [0., 2.]])
    """
    x = as_tensor(x)
    if x.ndim != 1:
        return diagonal(x, k)
    size = size_of(x, 0) + abs(k)
    return OnDiagonal(int(k))(zeros((size, size), x.dtype), x)


def trace(x: Any) -> Any:
    """The sum of a matrix's diagonal."""
    return sum(diagonal(x))
