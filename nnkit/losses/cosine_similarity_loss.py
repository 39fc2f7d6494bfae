"""CosineSimilarity: minus the cosine of the angle to targets."""

from __future__ import annotations

from typing import Any

from nnkit import checks
from nnkit.losses.base import BuiltInLoss
from nnkit.losses.formulas import over_rows, unit, values_along

__all__ = ["CosineSimilarity"]


class CosineSimilarity(BuiltInLoss):
    """``-sum(t * p)`` along an axis, of vectors scaled to length 1: from -1 (alike) to 1.

    Parameters
    ----------
    axis : int
        Along which the vectors lie; not the batch's.
    reduction, name, dtype
        See :class:`Loss`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Notes
    -----
    Vectors shorter than 1e-7 are divided by 1e-7 instead of their length.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> loss = nnkit.losses.CosineSimilarity()
    >>> round(loss(np.array([[1.0, 2.0]]), np.array([[1.5, 4.0]])), 6)
    -0.994505
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.axis = checks.integer(type(self).__name__, "axis", axis, -8, 8)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The value of each vector, where there are fewer rows repeated or averaged."""
        from nnkit import ops

        axis = self.axis
        t, p = (unit(x, axis) for x in (y_true, y_pred))
        return over_rows(-ops.sum(t * p, axis=axis), y_pred, axis)

    def values_of(self, shape: tuple[int, ...]) -> int:
        """One for each row, or each sample if the vectors are not along the last axis."""
        return values_along(self.axis, shape)
