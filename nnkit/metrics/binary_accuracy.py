"""Accuracy of outputs that are each yes or no."""

from __future__ import annotations

import numpy as np

from nnkit import checks
from nnkit.engine.device import empty, launch
from nnkit.losses.base import as_rows
from nnkit.metrics.base import Metric

__all__ = ["BinaryAccuracy"]


class BinaryAccuracy(Metric):
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

    recordable = True
    direction = "max"

    def __init__(self, name: str | None = None, threshold: float = 0.5) -> None:
        super().__init__(name)
        self.threshold = checks.number("BinaryAccuracy", "threshold", threshold)

    def forward(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Share of hits in each row."""
        p, t = as_rows(y_pred, y_pred.shape[-1]), as_rows(y_true, y_pred.shape[-1])
        match = empty(p.shape[:1], p.dtype)
        launch.binary_accuracy(p, t, self.threshold, match)
        return match
