"""Dice: how little two sets overlap."""

from __future__ import annotations

from typing import Any

from nnkit.losses.base import BuiltInLoss
from nnkit.losses.formulas import EPSILON, axes, over_rows, values_along

__all__ = ["Dice"]


class Dice(BuiltInLoss):
    """``1 - 2 sum(t * p) / (sum(t) + sum(p) + 1e-7)``; targets and predictions are from 0 to 1.

    Parameters
    ----------
    reduction, name
        See :class:`Loss`.
    axis : int or tuple of int, optional
        Over which sums are taken, such as (1, 2, 3) for a value of each image; None: over all.
    dtype
        See :class:`Loss`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Notes
    -----
    Sorensen's and Dice's coefficient, of all predictions of a batch together unless there is an
    axis.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> loss = nnkit.losses.Dice()
    >>> round(loss(np.array([[0.0, 1.0]]), np.array([[0.4, 0.6]])), 6)
    0.4
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.axis = axes(type(self).__name__, axis)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """A value for the batch or each sample, repeated for its rows."""
        from nnkit import ops

        both = ops.sum(y_true * y_pred, axis=self.axis)
        each = ops.sum(y_true, axis=self.axis) + ops.sum(y_pred, axis=self.axis)
        return over_rows(1.0 - 2.0 * both / (each + EPSILON), y_pred, self.axis)

    def values_of(self, shape: tuple[int, ...]) -> int:
        """One for the batch, or each sample if sums are not taken over the batch's axis."""
        return values_along(self.axis, shape)
