"""MeanAbsoluteError: the mean of absolute differences, as a metric."""

from __future__ import annotations

from nnkit.metrics.rows import RowMetric

__all__ = ["MeanAbsoluteError"]


class MeanAbsoluteError(RowMetric):
    """``mean(abs(p - t))`` of each row, averaged.

    Parameters
    ----------
    name, dtype
        See :class:`Metric`.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> error = nnkit.metrics.MeanAbsoluteError()
    >>> error.update_state(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    >>> error.result()
    2.0
    """

    aliases = ("mae", "MAE")
    kernel = "absolute_error"
    direction = "min"
