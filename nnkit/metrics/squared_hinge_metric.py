"""SquaredHinge: the square of the hinge loss."""

from __future__ import annotations

from nnkit import losses
from nnkit.metrics.of_loss import LossMetric

__all__ = ["SquaredHinge"]


class SquaredHinge(LossMetric):
    """The mean of :class:`nnkit.losses.SquaredHinge` over rows.

    Parameters
    ----------
    name, dtype
        See :class:`Metric`.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> metric = nnkit.metrics.SquaredHinge()
    >>> metric.update_state(np.array([[0.0, 1.0]]), np.array([[0.4, 0.6]]))
    >>> round(metric.result(), 6)
    1.06
    """

    measured = losses.SquaredHinge
    direction = "min"
