"""PrecisionAtRecall: the best precision where recall is high enough."""

from __future__ import annotations

from typing import Any

from nnkit import checks
from nnkit.metrics.thresholds import ThresholdMetric, best_where, even_thresholds

__all__ = ["PrecisionAtRecall"]


class PrecisionAtRecall(ThresholdMetric):
    """The best precision where recall is high enough, among evenly spaced thresholds.

    Parameters
    ----------
    recall : float
        From 0 to 1: what is at least asked for.
    num_thresholds : int
    class_id : int, optional
        The only output that counts.
    name, dtype
        See :class:`Metric`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> metric = nnkit.metrics.PrecisionAtRecall(0.5)
    >>> metric.update_state(np.array([0, 0, 0, 1, 1]), np.array([0, 0.3, 0.8, 0.3, 0.8]))
    >>> round(metric.result(), 6)
    0.5
    """

    direction = "max"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        owner = type(self).__name__
        self.recall = checks.number(owner, "recall", recall, "[0, 1]")
        found = even_thresholds(owner, num_thresholds)
        super().__init__(found, name, dtype, class_id=class_id, clipped=len(found) > 1)

    def result(self) -> float:
        """The largest precision of those thresholds, 0 if there are none."""
        counts = self.confusion()
        return best_where(counts.recall >= self.recall, counts.precision)
