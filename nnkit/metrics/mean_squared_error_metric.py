"""MeanSquaredError: the mean of squared differences, as a metric."""

from __future__ import annotations

from nnkit.metrics.rows import RowMetric

__all__ = ["MeanSquaredError"]


class MeanSquaredError(RowMetric):
    """``mean((p - t) ** 2)`` of each row, averaged.

    Parameters
    ----------
    name, dtype
        See :class:`Metric`.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> error = nnkit.metrics.MeanSquaredError()
    >>> error.update_state(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    >>> error.result()
    4.0
    """

    aliases = ("mse", "MSE")
    kernel = "squared_error"
    direction = "min"
