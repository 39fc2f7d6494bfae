"""RootMeanSquaredError: the root of the mean of squared differences."""

from __future__ import annotations

import math

from nnkit.metrics.rows import RowMetric

__all__ = ["RootMeanSquaredError"]


class RootMeanSquaredError(RowMetric):
    """``sqrt(mean((p - t) ** 2))``, the mean over all rows of an epoch.

    Parameters
    ----------
    name, dtype
        See :class:`Metric`.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> metric = nnkit.metrics.RootMeanSquaredError()
    >>> metric.update_state(np.array([[1.0, 2.0]]), np.array([[1.5, 4.0]]))
    >>> round(metric.result(), 6)
    1.457738
    """

    kernel = "squared_error"
    direction = "min"

    def result(self) -> float:
        """The root of the mean since the last reset."""
        return math.sqrt(super().result())
