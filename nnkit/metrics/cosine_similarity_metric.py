"""CosineSimilarity: the cosine of the angle to targets."""

from __future__ import annotations

from typing import Any

from nnkit import checks
from nnkit.losses.formulas import over_rows, unit
from nnkit.metrics.base import Metric

__all__ = ["CosineSimilarity"]


class CosineSimilarity(Metric):
    """``sum(t * p)`` along an axis, of vectors scaled to length 1: from -1 to 1 (alike).

    Parameters
    ----------
    name, dtype
        See :class:`Metric`.
    axis : int
        Along which the vectors lie; not the batch's.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> metric = nnkit.metrics.CosineSimilarity()
    >>> metric.update_state(np.array([[1.0, 2.0]]), np.array([[1.5, 4.0]]))
    >>> round(metric.result(), 6)
    0.994505
    """

    direction = "max"

    def __init__(self, name: str | None = None, dtype: Any = None, axis: int = -1) -> None:
        super().__init__(dtype, name)
        self.axis = checks.integer(type(self).__name__, "axis", axis, -8, 8)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The value of each vector, where there are fewer rows repeated or averaged."""
        from nnkit import ops

        t, p = (unit(x, self.axis) for x in (y_true, y_pred))
        return over_rows(ops.sum(t * p, axis=self.axis), y_pred, self.axis)
