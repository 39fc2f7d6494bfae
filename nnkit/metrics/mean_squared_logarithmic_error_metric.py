"""MeanSquaredLogarithmicError: the mean of squared differences of logarithms."""

from __future__ import annotations

from nnkit import losses
from nnkit.metrics.of_loss import LossMetric

__all__ = ["MeanSquaredLogarithmicError"]


class MeanSquaredLogarithmicError(LossMetric):
    """The mean of :class:`nnkit.losses.MeanSquaredLogarithmicError` over rows.

    Parameters
    ----------
    name, dtype
        See :class:`Metric`.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> metric = nnkit.metrics.MeanSquaredLogarithmicError()
    >>> metric.update_state(np.array([[1.0, 2.0]]), np.array([[1.5, 4.0]]))
    >>> round(metric.result(), 6)
    0.155368
    """

    aliases = ("msle", "MSLE")
    measured = losses.MeanSquaredLogarithmicError
    direction = "min"
