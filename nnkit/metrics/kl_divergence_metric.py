"""KLDivergence: how far distributions are from those of the targets."""

from __future__ import annotations

from typing import Any

from nnkit import losses
from nnkit.metrics.of_loss import LossMetric

__all__ = ["KLDivergence"]


class KLDivergence(LossMetric):
    """The mean of :class:`nnkit.losses.KLDivergence` over rows.

    Parameters
    ----------
    name, dtype
        See :class:`Metric`.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> metric = nnkit.metrics.KLDivergence()
    >>> metric.update_state(np.array([[0.0, 1.0]]), np.array([[0.4, 0.6]]))
    >>> round(metric.result(), 6)
    0.510824
    """

    aliases = ("kld", "KLD", "kullback_leibler_divergence")
    measured = losses.KLDivergence
    direction = "min"

    def __init__(self, name: str | None = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(name, dtype)
