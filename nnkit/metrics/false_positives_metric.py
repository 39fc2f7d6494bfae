"""FalsePositives: negatives that were predicted as positive."""

from __future__ import annotations

from typing import Any

from nnkit.metrics.thresholds import ThresholdMetric, given_thresholds

__all__ = ["FalsePositives"]


class FalsePositives(ThresholdMetric):
    """How many negatives that were predicted as positive, weighted by sample weights.

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
    >>> metric = nnkit.metrics.FalsePositives()
    >>> metric.update_state(np.array([0, 1, 1, 1]), np.array([1, 0, 1, 1]))
    >>> metric.result()
    1.0
    """

    direction = "min"

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(given_thresholds(type(self).__name__, thresholds), name, dtype)

    def result(self) -> Any:
        """The number for each threshold; a float if there is one."""
        return self.for_each(self.confusion().false_alarms)
