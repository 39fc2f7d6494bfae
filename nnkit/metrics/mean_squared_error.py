"""The mean of squared differences."""

from __future__ import annotations

import numpy as np

from nnkit.engine.device import empty, launch
from nnkit.losses.base import as_rows
from nnkit.metrics.base import Metric

__all__ = ["MeanSquaredError"]


class MeanSquaredError(Metric):
    """``mean((p - t) ** 2)`` of each row, averaged.

    Parameters
    ----------
    name : str, optional

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> error = nnkit.metrics.MeanSquaredError()
    >>> error.update_state(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    >>> error.result()
    4.0
    """

    aliases = ("mse", "MSE")
    recordable = True

    def forward(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """The error of each row."""
        p, t = as_rows(y_pred, y_pred.shape[-1]), as_rows(y_true, y_pred.shape[-1])
        values = empty(p.shape[:1], p.dtype)
        launch.squared_error(p, t, values)
        return values
