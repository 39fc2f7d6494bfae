"""PearsonCorrelation: the correlation of each row with its targets."""

from __future__ import annotations

from typing import Any

from nnkit import checks
from nnkit.metrics.base import Metric

__all__ = ["PearsonCorrelation"]


class PearsonCorrelation(Metric):
    """Pearson's correlation of targets and predictions along the last axis, averaged over rows.

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
    A row of equal numbers has none: it is NaN there, as in Keras.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> metric = nnkit.metrics.PearsonCorrelation()
    >>> metric.update_state(np.array([[1.0, 2.0, 3.0]]), np.array([[1.5, 2.0, 4.0]]))
    >>> round(metric.result(), 6)
    0.944911
    """

    direction = "max"

    def __init__(self, name: str | None = None, dtype: Any = None, axis: int = -1) -> None:
        super().__init__(dtype, name)
        self.axis = checks.integer(type(self).__name__, "axis", axis, -1, -1)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The value of each row."""
        from nnkit import ops

        t, p = (x - ops.mean(x, axis=-1, keepdims=True) for x in (y_true, y_pred))
        both = ops.mean(ops.square(t), axis=-1) * ops.mean(ops.square(p), axis=-1)
        return ops.mean(t * p, axis=-1) / ops.sqrt(both)
