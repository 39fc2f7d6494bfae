"""MeanAbsolutePercentageError: the mean of differences in percent of targets."""

from __future__ import annotations

from typing import Any

from nnkit.losses.base import BuiltInLoss
from nnkit.losses.formulas import EPSILON

__all__ = ["MeanAbsolutePercentageError"]


class MeanAbsolutePercentageError(BuiltInLoss):
    """``100 mean(abs((t - p) / max(abs(t), 1e-7)))`` of each row.

    Parameters
    ----------
    reduction, name, dtype
        See :class:`Loss`.

    Notes
    -----
    Targets near 0 make it huge, as in Keras.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> loss = nnkit.losses.MeanAbsolutePercentageError()
    >>> round(loss(np.array([[1.0, 2.0]]), np.array([[1.5, 4.0]])), 6)
    75.0
    """

    aliases = ("mape", "MAPE")

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The mean over each row."""
        from nnkit import ops

        size = ops.maximum(ops.abs(y_true), EPSILON)
        return 100.0 * ops.mean(ops.abs(y_true - y_pred) / size, axis=-1)
