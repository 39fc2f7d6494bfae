"""TopKCategoricalAccuracy: whether the right class is among the k largest."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import empty, launch
from nnkit.losses.rows import as_rows
from nnkit.metrics.base import Metric

__all__ = ["TopKCategoricalAccuracy"]


class TopKCategoricalAccuracy(Metric):
    """The fraction of rows in which fewer than k outputs exceed that of the target's class.

    Parameters
    ----------
    k : int
    name, dtype
        See :class:`Metric`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> metric = nnkit.metrics.TopKCategoricalAccuracy(k=2)
    >>> metric.update_state(np.array([[0.0, 0.0, 1.0]]), np.array([[0.5, 0.2, 0.3]]))
    >>> round(metric.result(), 6)
    1.0
    """

    recordable = True
    direction = "max"

    def __init__(self, k: int = 5, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.k = checks.integer(type(self).__name__, "k", k)

    def forward(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """1 or 0 for each row."""
        p, t = as_rows(y_pred, y_true, False)
        labels, match = empty((len(p),), np.int32), empty((len(p),), p.dtype)
        launch.argmax_rows(t, labels)
        launch.top_k_categorical_accuracy(p, labels, self.k, match)
        return match
