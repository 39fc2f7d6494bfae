"""``T.slinalg``: systems of linear equations, and the Cholesky factor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit.symbolic.graph import Variable, describe
from nnkit.symbolic.op import Gradients, Op, Variables
from nnkit.symbolic.tensor.linear import dot, outer, swapped
from nnkit.symbolic.tensor.making import tril
from nnkit.symbolic.tensor.math import floats
from nnkit.symbolic.tensor.scalars import same
from nnkit.symbolic.tensor.variable import TensorType

__all__ = ["cholesky", "solve"]


class Solve(Op):
    """The solution of A x = b, for a vector or a matrix of several as columns."""

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """As b."""
        a, b = inputs
        if a.type.ndim != 2:
            raise TypeError(f"solve takes a matrix, got {describe(a)}")
        if b.type.ndim not in (1, 2):
            raise TypeError(f"solve takes a vector or a matrix on the right, got {describe(b)}")
        return [b.type.with_dtype(same(a.type.dtype, b.type.dtype))]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """NumPy's solution."""
        return np.asarray(np.linalg.solve(*arrays))

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """By b that of A^T y = g, by A -y x^T."""
        x = outputs[0]
        y = Solve()(inputs[0].T, cotangents[0])
        return [-(outer(y, x) if x.ndim == 1 else dot(y, x.T)), y]


class Cholesky(Op):
    """The lower triangular L with L L^T = A, for a symmetric positive definite A."""

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """As A."""
        if inputs[0].type.ndim != 2:
            raise TypeError(f"cholesky takes a matrix, got {describe(inputs[0])}")
        return [inputs[0].type]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """NumPy's factor."""
        return np.asarray(np.linalg.cholesky(arrays[0]))

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """L^-T phi(L^T g) L^-1, where phi takes the lower triangle and half of the diagonal.

        From Murray, "Differentiation of the Cholesky decomposition" (2016), for the lower triangle
        of A, which alone is read.
        """
        low, g = outputs[0], tril(cotangents[0])
        inner = dot(low.T, g)
        half = (tril(inner) + tril(inner, -1)) / 2
        left = Solve()(low.T, half)
        whole = Solve()(low.T, left.T).T
        return [tril(whole) + tril(whole.T, -1)]


def solve(a: Any, b: Any) -> Any:
    """The solution x of A x = b.

    Parameters
    ----------
    a : matrix
    b : vector or matrix
        Of a matrix each column is a system of its own.

    Examples
    --------
    >>> import nnkit.symbolic.tensor as T
    >>> a, b = T.dmatrix("a"), T.dvector("b")
    >>> T.slinalg.solve(a, b).eval({a: [[2.0, 0.0], [0.0, 4.0]], b: [2.0, 2.0]})
    array([1. , 0.5])
    """
    return Solve()(floats(a), floats(b))


def cholesky(a: Any, lower: bool = True) -> Any:
    """The Cholesky factor of a symmetric positive definite matrix.

    Parameters
    ----------
    a : matrix
        Only its lower triangle is read.
    lower : bool
        Whether the factor L with L L^T = A, or its transpose.
    """
    factor = Cholesky()(floats(a))
    return factor if lower else swapped(factor)
