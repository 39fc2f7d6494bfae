"""CategoricalHinge: of the right class's margin over the others."""

from __future__ import annotations

from nnkit import losses
from nnkit.metrics.of_loss import LossMetric

__all__ = ["CategoricalHinge"]


class CategoricalHinge(LossMetric):
    """The mean of :class:`nnkit.losses.CategoricalHinge` over rows.

    Parameters
    ----------
    name, dtype
        See :class:`Metric`.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> metric = nnkit.metrics.CategoricalHinge()
    >>> metric.update_state(np.array([[0.0, 1.0]]), np.array([[0.4, 0.6]]))
    >>> round(metric.result(), 6)
    0.8
    """

    measured = losses.CategoricalHinge
    direction = "min"
