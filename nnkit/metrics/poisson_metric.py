"""Poisson: of counts whose rates are predicted."""

from __future__ import annotations

from nnkit import losses
from nnkit.metrics.of_loss import LossMetric

__all__ = ["Poisson"]


class Poisson(LossMetric):
    """The mean of :class:`nnkit.losses.Poisson` over rows.

    Parameters
    ----------
    name, dtype
        See :class:`Metric`.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> metric = nnkit.metrics.Poisson()
    >>> metric.update_state(np.array([[1.0, 2.0]]), np.array([[1.5, 4.0]]))
    >>> round(metric.result(), 6)
    1.160973
    """

    measured = losses.Poisson
    direction = "min"
