"""KLDivergence: how far distributions are from those of the targets."""

from __future__ import annotations

from typing import Any

from nnkit.losses.base import BuiltInLoss
from nnkit.losses.formulas import EPSILON

__all__ = ["KLDivergence"]


class KLDivergence(BuiltInLoss):
    """``sum(t * log(t / p))`` of each row, with t and p clipped to [1e-7, 1].

    Parameters
    ----------
    reduction, name, dtype
        See :class:`Loss`.

    Notes
    -----
    Kullback, S., Leibler, R. (1951). On information and sufficiency.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> loss = nnkit.losses.KLDivergence()
    >>> round(loss(np.array([[0.0, 1.0]]), np.array([[0.5, 0.5]])), 6)
    0.693146
    """

    aliases = ("kld", "KLD", "kullback_leibler_divergence")

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "kl_divergence",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The sum over each row."""
        from nnkit import ops

        t, p = (ops.clip(x, EPSILON, 1.0) for x in (y_true, y_pred))
        return ops.sum(t * ops.log(t / p), axis=-1)
