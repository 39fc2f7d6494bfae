"""MeanAbsolutePercentageError: the mean of differences in percent of targets."""

from __future__ import annotations

from nnkit import losses
from nnkit.metrics.of_loss import LossMetric

__all__ = ["MeanAbsolutePercentageError"]


class MeanAbsolutePercentageError(LossMetric):
    """The mean of :class:`nnkit.losses.MeanAbsolutePercentageError` over rows.

    Parameters
    ----------
    name, dtype
        See :class:`Metric`.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> metric = nnkit.metrics.MeanAbsolutePercentageError()
    >>> metric.update_state(np.array([[1.0, 2.0]]), np.array([[1.5, 4.0]]))
    >>> round(metric.result(), 6)
    75.0
    """

    aliases = ("mape", "MAPE")
    measured = losses.MeanAbsolutePercentageError
    direction = "min"
