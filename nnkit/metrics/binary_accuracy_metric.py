"""BinaryAccuracy: accuracy of outputs that are independent probabilities."""

from __future__ import annotations

from typing import Any

from nnkit import checks
from nnkit.metrics.rows import RowMetric

__all__ = ["BinaryAccuracy"]


class BinaryAccuracy(RowMetric):
    """The fraction of outputs whose target is 1 if they exceed the threshold, and 0 if not.

    Parameters
    ----------
    name, dtype
        See :class:`Metric`.
    threshold : float

    Raises
    ------
    TypeError
        The threshold is not a number.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> accuracy = nnkit.metrics.BinaryAccuracy()
    >>> accuracy.update_state(np.array([1, 0]), np.array([[0.9], [0.8]]))
    >>> accuracy.result()
    0.5
    """

    kernel = "binary_accuracy"
    direction = "max"

    def __init__(self, name: str | None = None, dtype: Any = None, threshold: float = 0.5) -> None:
        super().__init__(name, dtype)
        self.threshold = checks.number("BinaryAccuracy", "threshold", threshold)
        self.numbers = (self.threshold,)
