"""Tversky: how little two sets overlap, with weights of both kinds of errors."""

from __future__ import annotations

from typing import Any

from nnkit import checks
from nnkit.losses.base import BuiltInLoss
from nnkit.losses.formulas import EPSILON, axes, over_rows, values_along

__all__ = ["Tversky"]


class Tversky(BuiltInLoss):
    """``1 - s / (s + alpha * sum(t * (1 - p)) + beta * sum((1 - t) * p) + 1e-7)``, s = sum(t * p).

    Parameters
    ----------
    alpha, beta : float
        Weights of what is missed, and of what is predicted wrongly; at least 0.
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
    Of all predictions of a batch together unless there is an axis. With alpha = beta = 0.5 it is
    the Dice loss. Salehi, S., et al. (2017). Tversky loss function for image segmentation
    (arXiv:1706.05721).

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> loss = nnkit.losses.Tversky()
    >>> round(loss(np.array([[0.0, 1.0]]), np.array([[0.4, 0.6]])), 6)
    0.4
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        owner = type(self).__name__
        self.alpha = checks.number(owner, "alpha", alpha, "[0, inf)")
        self.beta = checks.number(owner, "beta", beta, "[0, inf)")
        self.axis = axes(owner, axis)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """A value for the batch or each sample, repeated for its rows."""
        from nnkit import ops

        both = ops.sum(y_true * y_pred, axis=self.axis)
        missed = ops.sum(y_true * (1.0 - y_pred), axis=self.axis)
        wrong = ops.sum((1.0 - y_true) * y_pred, axis=self.axis)
        union = both + self.alpha * missed + self.beta * wrong + EPSILON
        return over_rows(1.0 - both / union, y_pred, self.axis)

    def values_of(self, shape: tuple[int, ...]) -> int:
        """One for the batch, or each sample if sums are not taken over the batch's axis."""
        return values_along(self.axis, shape)
