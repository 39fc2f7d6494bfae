"""Huber: squared near 0, absolute further away."""

from __future__ import annotations

from typing import Any

from nnkit import checks
from nnkit.losses.base import BuiltInLoss

__all__ = ["Huber"]


class Huber(BuiltInLoss):
    """``e ** 2 / 2`` where ``abs(e) <= delta``, else ``delta (abs(e) - delta / 2)``; e = p - t.

    Parameters
    ----------
    delta : float
        Where the parabola becomes a line; above 0.
    reduction, name, dtype
        See :class:`Loss`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Notes
    -----
    The mean over each row. Huber, P. (1964). Robust estimation of a location parameter.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> loss = nnkit.losses.Huber()
    >>> round(loss(np.array([[1.0, 2.0]]), np.array([[1.5, 4.0]])), 6)
    0.8125
    """

    aliases = ("huber",)

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.delta = checks.number(type(self).__name__, "delta", delta, "(0, inf)")

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The mean over each row."""
        from nnkit import ops

        error = y_pred - y_true
        size = ops.abs(error)
        line = self.delta * size - 0.5 * self.delta**2
        return ops.mean(ops.where(size <= self.delta, 0.5 * ops.square(error), line), axis=-1)
