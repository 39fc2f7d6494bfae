"""ConcordanceCorrelation: how well each row agrees with its targets."""

from __future__ import annotations

from typing import Any

from nnkit import checks
from nnkit.losses.formulas import EPSILON
from nnkit.metrics.base import Metric

__all__ = ["ConcordanceCorrelation"]


class ConcordanceCorrelation(Metric):
    """Lin's concordance of targets and predictions along the last axis, averaged over rows.

    Parameters
    ----------
    name, dtype
        See :class:`Metric`.
    axis : int
        Must be -1.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Notes
    -----
    ``2 cov(t, p) / (var(t) + var(p) + (mean(t) - mean(p)) ** 2 + 1e-7)``. Lin, L. (1989). A
    concordance correlation coefficient to evaluate reproducibility.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> metric = nnkit.metrics.ConcordanceCorrelation()
    >>> metric.update_state(np.array([[1.0, 2.0, 3.0]]), np.array([[1.5, 2.0, 4.0]]))
    >>> round(metric.result(), 6)
    0.8
    """

    direction = "max"

    def __init__(self, name: str | None = None, dtype: Any = None, axis: int = -1) -> None:
        super().__init__(dtype, name)
        self.axis = checks.integer(type(self).__name__, "axis", axis, -1, -1)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The value of each row."""
        from nnkit import ops

        means = [ops.mean(x, axis=-1, keepdims=True) for x in (y_true, y_pred)]
        t, p = y_true - means[0], y_pred - means[1]
        spread = ops.mean(ops.square(t), axis=-1) + ops.mean(ops.square(p), axis=-1)
        apart = ops.square(ops.squeeze(means[0] - means[1], -1))
        return 2.0 * ops.mean(t * p, axis=-1) / (spread + apart + EPSILON)
