"""Accuracy of one-hot targets."""

from __future__ import annotations

import numpy as np

from nnkit.engine.device import empty, launch
from nnkit.losses.base import as_rows
from nnkit.metrics.base import Metric

__all__ = ["CategoricalAccuracy"]


class CategoricalAccuracy(Metric):
    """Share of rows whose largest output is that of the largest target.

    Parameters
    ----------
    name : str, optional

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> accuracy = nnkit.metrics.CategoricalAccuracy()
    >>> accuracy.update_state(np.eye(2), np.array([[0.9, 0.1], [0.8, 0.2]]))
    >>> accuracy.result()
    0.5
    """

    recordable = True
    direction = "max"

    def forward(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """1 for a hit, 0 for a miss."""
        p, t = as_rows(y_pred, y_pred.shape[-1]), as_rows(y_true, y_pred.shape[-1])
        match = empty(p.shape[:1], p.dtype)
        launch.categorical_accuracy(p, t, match)
        return match
