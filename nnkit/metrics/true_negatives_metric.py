"""TrueNegatives: negatives that were predicted."""

from __future__ import annotations

from typing import Any

from nnkit.metrics.thresholds import ThresholdMetric, given_thresholds

__all__ = ["TrueNegatives"]


class TrueNegatives(ThresholdMetric):
    """How many negatives that were predicted, weighted by sample weights.

    Parameters
    ----------
    thresholds : float or list of float
        From 0 to 1, 0.5 by default: a prediction above it is positive.
    name, dtype
        See :class:`Metric`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> metric = nnkit.metrics.TrueNegatives()
    >>> metric.update_state(np.array([0, 1, 1, 1]), np.array([1, 0, 1, 1]))
    >>> metric.result()
    0.0
    """

    direction = "max"

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(given_thresholds(type(self).__name__, thresholds), name, dtype)

    def result(self) -> Any:
        """The number for each threshold; a float if there is one."""
        return self.for_each(self.confusion().rejections)
