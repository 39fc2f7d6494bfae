"""Either of two values, by a condition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit.symbolic.graph import Variable, describe
from nnkit.symbolic.op import Gradients, Op, Variables
from nnkit.symbolic.tensor.making import zeros_like
from nnkit.symbolic.tensor.math import cast
from nnkit.symbolic.tensor.variable import TensorType, as_tensor

__all__ = ["IfElse", "ifelse"]


class IfElse(Op):
    """The first half of the values, or the second, whose shapes may differ.

    A function computes only the half that it takes, see :mod:`nnkit.symbolic.run.branches`.
    """

    @staticmethod
    def halves(values: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
        """The inputs without the condition: what is taken if it is true, and what otherwise."""
        half = len(values) // 2
        return values[:half], values[half:]

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """Those of both halves; an axis is of size 1 if it is in both."""
        made = []
        for a, b in zip(*self.halves(inputs[1:]), strict=True):
            if (a.type.dtype, a.type.ndim) != (b.type.dtype, b.type.ndim):
                raise TypeError(f"ifelse: {describe(a)} and {describe(b)} are of different types")
            axes = zip(a.type.broadcastable, b.type.broadcastable, strict=True)
            made.append(TensorType(a.type.dtype, [x and y for x, y in axes]))
        return made

    def perform(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        """One of the halves."""
        then, otherwise = self.halves(arrays[1:])
        return tuple(then if arrays[0] else otherwise)

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """To the half that was taken; zeros to the other."""
        zeros: list[Any] = [zeros_like(v) for v in inputs[1:]]
        then, otherwise = self.halves(zeros)
        made = IfElse()(inputs[0], *cotangents, *otherwise, *then, *cotangents)
        return [None, *made]


def ifelse(condition: Any, then_branch: Any, else_branch: Any, name: str | None = None) -> Any:
    """One value or another, by a condition that is a single number.

    ``T.switch`` decides for each element, and its values broadcast; here they are as they are, and
    only the one that is taken is computed. So it is with the gradient.

    Parameters
    ----------
    condition : variable
        A scalar.
    then_branch, else_branch : variable or list of them
        As many in both, in pairs with the same number of axes.
    name : str, optional
        Of the result.

    Examples
    --------
    >>> import nnkit.symbolic as theano
    >>> import nnkit.symbolic.tensor as T
    >>> x = T.dvector("x")
    >>> f = theano.function([x], ifelse(x.sum() > 0, x, x[:1]))
    >>> f([1, 2]), f([-1, -2])
    (array([1., 2.]), array([-1.]))
    """
    several = isinstance(then_branch, (list, tuple))
    sides = [
        [as_tensor(v) for v in (side if isinstance(side, (list, tuple)) else [side])]
        for side in (then_branch, else_branch)
    ]
    test = as_tensor(condition)
    if test.ndim != 0:
        raise TypeError(f"the condition of ifelse is a scalar, got {describe(test)}; use T.switch")
    if len(sides[0]) != len(sides[1]):
        raise ValueError(
            f"ifelse has {len(sides[0])} values for true and {len(sides[1])} for false"
        )
    for i, (a, b) in enumerate(zip(*sides, strict=True)):
        common = str(np.result_type(a.dtype, b.dtype))
        sides[0][i], sides[1][i] = cast(a, common), cast(b, common)
    made = IfElse().applied(test, *sides[0], *sides[1])
    if name is not None:
        made[0].name = name
    return made if several else made[0]
