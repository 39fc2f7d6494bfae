"""Poisson: of counts whose rates are predicted."""

from __future__ import annotations

from typing import Any

from nnkit.losses.base import BuiltInLoss
from nnkit.losses.formulas import EPSILON

__all__ = ["Poisson"]


class Poisson(BuiltInLoss):
    """``mean(p - t * log(p + 1e-7))`` of each row.

    Parameters
    ----------
    reduction, name, dtype
        See :class:`Loss`.

    Notes
    -----
    The negative logarithm of Poisson's probability of t for the rate p, without a term of t alone.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> loss = nnkit.losses.Poisson()
    >>> round(loss(np.array([[1.0, 2.0]]), np.array([[1.5, 4.0]])), 6)
    1.160973
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The mean over each row."""
        from nnkit import ops

        return ops.mean(y_pred - y_true * ops.log(y_pred + EPSILON), axis=-1)
