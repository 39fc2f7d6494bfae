"""LogCoshError: the logarithm of the hyperbolic cosine of differences."""

from __future__ import annotations

from typing import Any

from nnkit import losses
from nnkit.metrics.of_loss import LossMetric

__all__ = ["LogCoshError"]


class LogCoshError(LossMetric):
    """The mean of :class:`nnkit.losses.LogCosh` over rows.

    Parameters
    ----------
    name, dtype
        See :class:`Metric`.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> metric = nnkit.metrics.LogCoshError()
    >>> metric.update_state(np.array([[1.0, 2.0]]), np.array([[1.5, 4.0]]))
    >>> round(metric.result(), 6)
    0.722559
    """

    aliases = ("logcosh", "log_cosh")
    measured = losses.LogCosh
    direction = "min"

    def __init__(self, name: str | None = "logcosh", dtype: Any = None) -> None:
        super().__init__(name, dtype)
