"""Accuracy: how often predictions equal targets."""

from __future__ import annotations

from typing import Any

from nnkit.metrics.base import Metric

__all__ = ["Accuracy"]


class Accuracy(Metric):
    """The fraction of predictions that are equal to their targets, number by number.

    Parameters
    ----------
    name, dtype
        See :class:`Metric`.

    Notes
    -----
    The string ``"accuracy"`` is something else: see :func:`get`.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> metric = nnkit.metrics.Accuracy()
    >>> metric.update_state(np.array([1, 2, 3]), np.array([1, 2, 4]))
    >>> round(metric.result(), 6)
    0.666667
    """

    direction = "max"

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(dtype, name)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The mean over each row."""
        from nnkit import ops

        return ops.mean(ops.cast(ops.equal(y_true, y_pred), y_pred.dtype), axis=-1)
