"""``T.nlinalg``: inverses, determinants and eigenvalues, by NumPy.

Matrices are in the last two axes; there may be further axes in front, as in NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from nnkit.symbolic.graph import Variable, describe
from nnkit.symbolic.op import Gradients, Op, Variables
from nnkit.symbolic.tensor.formulas import inv as reciprocal
from nnkit.symbolic.tensor.formulas import neq
from nnkit.symbolic.tensor.linear import (
    OnDiagonal,
    diag,
    dot,
    extract_diag,
    matmul,
    swapped,
    trace,
)
from nnkit.symbolic.tensor.making import tril
from nnkit.symbolic.tensor.math import floats, switch
from nnkit.symbolic.tensor.reductions import norm
from nnkit.symbolic.tensor.variable import TensorType, as_tensor

__all__ = [
    "alloc_diag",
    "det",
    "diag",
    "eigh",
    "extract_diag",
    "inv",
    "matrix_dot",
    "matrix_inverse",
    "norm",
    "slogdet",
    "svd",
    "trace",
]


class _Square(Op):
    """An operation on square matrices of floats."""

    def matrix(self, x: Variable) -> TensorType:
        """The type of the matrices.

        Raises
        ------
        TypeError
            They are none.
        """
        if x.type.ndim < 2:
            raise TypeError(f"{self} takes matrices, got {describe(x)}")
        kind: TensorType = x.type
        return kind

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """That of the input."""
        return [self.matrix(inputs[0])]


class MatrixInverse(_Square):
    """What a matrix must be multiplied by to give ones on the diagonal and zeros."""

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """NumPy's inverse."""
        return np.asarray(np.linalg.inv(arrays[0]))

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """-Y^T g Y^T for the inverse Y."""
        y = swapped(outputs[0])
        return [-matmul(matmul(y, cotangents[0]), y)]


class Det(_Square):
    """The determinant."""

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """A number for each matrix."""
        kind = self.matrix(inputs[0])
        return [TensorType(kind.dtype, kind.broadcastable[:-2])]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """NumPy's determinant."""
        return np.asarray(np.linalg.det(arrays[0]))

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """g det(X) X^-T, so X must have an inverse."""
        return [_each(cotangents[0] * outputs[0]) * swapped(MatrixInverse()(inputs[0]))]


class SLogDet(_Square):
    """The sign of the determinant, and the logarithm of its size."""

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """Two numbers for each matrix."""
        kind = self.matrix(inputs[0])
        return [TensorType(kind.dtype, kind.broadcastable[:-2])] * 2

    def perform(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        """NumPy's."""
        return tuple(np.linalg.slogdet(arrays[0]))

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """g X^-T; the sign has none."""
        return [_each(cotangents[1]) * swapped(MatrixInverse()(inputs[0]))]


class Eigh(_Square):
    """Eigenvalues of a symmetric matrix, ascending, and eigenvectors as columns.

    Only the lower triangle is read.
    """

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """The values, and the vectors."""
        kind = self.matrix(inputs[0])
        return [TensorType(kind.dtype, kind.broadcastable[:-1]), kind]

    def perform(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        """NumPy's."""
        return tuple(np.linalg.eigh(arrays[0]))

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """V (diag(g_w) + F * V^T g_v) V^T with F_ij = 1 / (w_j - w_i), for values that differ.

        Each element above the diagonal goes to that below, which alone is read.
        """
        (w, v), (to_w, to_v) = outputs, cotangents
        gaps = w.dimshuffle(*range(w.ndim - 1), "x", w.ndim - 1) - _each(w, 1)
        apart = neq(gaps, 0)
        factors = switch(apart, reciprocal(switch(apart, gaps, 1)), 0)
        inner = OnDiagonal()(v, to_w) + factors * matmul(swapped(v), to_v)
        whole = matmul(matmul(v, inner), swapped(v))
        return [tril(whole) + tril(swapped(whole), -1)]


@dataclass(frozen=True, repr=False)
class SVD(_Square):
    """The matrices U, the singular values and V^T whose product a matrix is.

    Parameters
    ----------
    full_matrices : bool
        Whether U and V^T are square.
    """

    full_matrices: bool = True

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """Two matrices, and vectors between them."""
        kind = self.matrix(inputs[0])
        batch = kind.broadcastable[:-2]
        matrix = TensorType(kind.dtype, [*batch, False, False])
        return [matrix, TensorType(kind.dtype, [*batch, False]), matrix]

    def perform(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        """NumPy's."""
        return tuple(np.linalg.svd(arrays[0], self.full_matrices))


def _each(x: Any, axes: int = 2) -> Any:
    """A number for each matrix, with so many new axes behind."""
    return x.dimshuffle(*range(x.ndim), *["x"] * axes)


def matrix_inverse(x: Any) -> Any:
    """The inverse of a matrix.

    Examples
    --------
    >>> import nnkit.symbolic.tensor as T
    >>> x = T.dmatrix("x")
    >>> T.nlinalg.matrix_inverse(x).eval({x: [[2.0, 0.0], [0.0, 4.0]]})
    array([[0.5 , 0.  ],
           [0.  , 0.25]])
    """
    return MatrixInverse()(floats(x))


inv = matrix_inverse


def det(x: Any) -> Any:
    """The determinant of a matrix; its gradient is for one with an inverse."""
    return Det()(floats(x))


def slogdet(x: Any) -> list[Any]:
    """The sign of the determinant of a matrix, and the logarithm of its absolute value."""
    return list(SLogDet()(floats(x)))


def eigh(a: Any) -> list[Any]:
    """Eigenvalues of a symmetric matrix, ascending, and its eigenvectors as columns.

    Only the lower triangle is read. The gradient is for eigenvalues that differ.
    """
    return list(Eigh()(floats(a)))


def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """The singular value decomposition of a matrix: U, the singular values and V^T; or the values.

    There is no gradient.
    """
    found = SVD(bool(full_matrices))(floats(a))
    return list(found) if compute_uv else found[1]


def alloc_diag(x: Any) -> Any:
    """A matrix with a vector on the diagonal and zeros elsewhere."""
    x = as_tensor(x)
    if x.ndim != 1:
        raise TypeError(f"alloc_diag takes a vector, got {describe(x)}")
    return diag(x)


def matrix_dot(*matrices: Any) -> Any:
    """The product of several matrices, from the left."""
    return reduce(dot, matrices)
