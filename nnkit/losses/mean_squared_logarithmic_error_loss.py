"""MeanSquaredLogarithmicError: the mean of squared differences of logarithms."""

from __future__ import annotations

from typing import Any

from nnkit.losses.base import BuiltInLoss
from nnkit.losses.formulas import EPSILON

__all__ = ["MeanSquaredLogarithmicError"]


class MeanSquaredLogarithmicError(BuiltInLoss):
    """``mean((log(1 + max(p, 1e-7)) - log(1 + max(t, 1e-7))) ** 2)`` of each row.

    Parameters
    ----------
    reduction, name, dtype
        See :class:`Loss`.

    Notes
    -----
    Negative numbers count as 1e-7, as in Keras; there the gradient is 0.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> loss = nnkit.losses.MeanSquaredLogarithmicError()
    >>> round(loss(np.array([[1.0, 2.0]]), np.array([[1.5, 4.0]])), 6)
    0.155368
    """

    aliases = ("msle", "MSLE")

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The mean over each row."""
        from nnkit import ops

        given, wanted = (ops.log1p(ops.maximum(x, EPSILON)) for x in (y_pred, y_true))
        return ops.mean(ops.square(given - wanted), axis=-1)
