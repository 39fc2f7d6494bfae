"""The mean of absolute differences."""

from __future__ import annotations

import numpy as np

from nnkit.engine.device import empty, launch
from nnkit.losses.base import Loss, as_rows

__all__ = ["MeanAbsoluteError"]


class MeanAbsoluteError(Loss):
    """``mean(abs(p - t))`` of each row.

    Parameters
    ----------
    name : str, optional
    reduction : str
        See :class:`Loss`.

    Notes
    -----
    Gradient: sign(p - t) / k, 0 where p = t, for rows of k outputs.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.losses.MeanAbsoluteError()(np.array([[1.0, 2.0]]), np.array([[1.0, 4.0]]))
    1.0
    """

    aliases = ("mae", "MAE")
    recordable = True

    def forward(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Loss of each row."""
        self.y_true, self.y_pred = y_true, y_pred
        p, t = as_rows(y_pred, y_pred.shape[-1]), as_rows(y_true, y_pred.shape[-1])
        values = empty(p.shape[:1], p.dtype)
        launch.absolute_error(p, t, values)
        return values

    def backward(self, weights: np.ndarray) -> np.ndarray:
        """Gradient of the predictions."""
        dy = empty(self.y_pred.shape, self.y_pred.dtype)
        p, t, d = (as_rows(a, dy.shape[-1]) for a in (self.y_pred, self.y_true, dy))
        launch.absolute_error_backward(p, t, weights, d)
        return dy
