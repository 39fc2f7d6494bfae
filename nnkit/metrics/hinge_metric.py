"""Hinge: of predictions on the right side of a margin."""

from __future__ import annotations

from nnkit import losses
from nnkit.metrics.of_loss import LossMetric

__all__ = ["Hinge"]


class Hinge(LossMetric):
    """The mean of :class:`nnkit.losses.Hinge` over rows.

    Parameters
    ----------
    name, dtype
        See :class:`Metric`.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> metric = nnkit.metrics.Hinge()
    >>> metric.update_state(np.array([[0.0, 1.0]]), np.array([[0.4, 0.6]]))
    >>> round(metric.result(), 6)
    0.9
    """

    measured = losses.Hinge
    direction = "min"
