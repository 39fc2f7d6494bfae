"""Accuracy of outputs that are each yes or no."""

from __future__ import annotations

from nnkit import checks
from nnkit.metrics.rows import RowMetric

__all__ = ["BinaryAccuracy"]


class BinaryAccuracy(RowMetric):
    """Share of outputs that are above the threshold where the target is 1, and not where it is 0.

    Parameters
    ----------
    name : str, optional
    threshold : float

    Raises
    ------
    TypeError
        The threshold is no number.

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

    def __init__(self, name: str | None = None, *, threshold: float = 0.5) -> None:
        super().__init__(name)
        self.threshold = checks.number("BinaryAccuracy", "threshold", threshold)
        self.numbers = (self.threshold,)
