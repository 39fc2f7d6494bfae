"""Recall: how many of the positives were predicted."""

from __future__ import annotations

from typing import Any

from nnkit.metrics.thresholds import FAR_BELOW, ThresholdMetric, given_thresholds, ratio

__all__ = ["Recall"]


class Recall(ThresholdMetric):
    """``hits / (hits + misses)``, over all predictions of an epoch; 0 if there are none.

    Parameters
    ----------
    thresholds : float or list of float
        From 0 to 1: a prediction above it is positive. By default 0.5; with ``top_k`` none.
    top_k : int, optional
        Only the k largest predictions of a row may be positive.
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
    >>> metric = nnkit.metrics.Recall()
    >>> metric.update_state(np.array([0, 1, 1, 1]), np.array([1, 0, 1, 1]))
    >>> round(metric.result(), 6)
    0.666667
    """

    direction = "max"

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        usual = 0.5 if top_k is None else FAR_BELOW
        found = given_thresholds(type(self).__name__, thresholds, usual)
        super().__init__(found, name, dtype, top_k=top_k, class_id=class_id)

    def result(self) -> Any:
        """The value for each threshold; a float if there is one."""
        counts = self.confusion()
        return self.for_each(ratio(counts.hits, counts.hits + counts.misses))
