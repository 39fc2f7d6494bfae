"""Accuracy of labels."""

from __future__ import annotations

import numpy as np

from nnkit.engine.device import empty, launch
from nnkit.losses.base import as_rows
from nnkit.metrics.base import Metric

__all__ = ["SparseCategoricalAccuracy"]


class SparseCategoricalAccuracy(Metric):
    """Share of rows whose largest output is that of the label.

    Parameters
    ----------
    name : str, optional

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> accuracy = nnkit.metrics.SparseCategoricalAccuracy()
    >>> accuracy.update_state(np.array([0, 1]), np.array([[0.9, 0.1], [0.8, 0.2]]))
    >>> accuracy.result()
    0.5
    """

    recordable = True
    sparse = True
    direction = "max"

    def forward(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """1 for a hit, 0 for a miss."""
        p, t = as_rows(y_pred, y_pred.shape[-1]), y_true.reshape(y_true.size)
        match = empty(t.shape, p.dtype)
        launch.sparse_categorical_accuracy(p, t, match)
        return match
