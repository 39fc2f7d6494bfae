"""BinaryCrossentropy: the loss of independent probabilities, as a metric."""

from __future__ import annotations

from typing import Any

from nnkit import losses
from nnkit.metrics.of_loss import LossMetric

__all__ = ["BinaryCrossentropy"]


class BinaryCrossentropy(LossMetric):
    """The mean of :class:`nnkit.losses.BinaryCrossentropy` over rows.

    Parameters
    ----------
    name, dtype
        See :class:`Metric`.
    from_logits : bool
        Whether predictions are logits.
    label_smoothing : float
        From 0 to 1; see the loss.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> metric = nnkit.metrics.BinaryCrossentropy()
    >>> metric.update_state(np.array([[0.0, 1.0]]), np.array([[0.4, 0.6]]))
    >>> round(metric.result(), 6)
    0.510826
    """

    aliases = ("bce", "BCE")
    measured = losses.BinaryCrossentropy
    direction = "min"

    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(name, dtype, from_logits=from_logits, label_smoothing=label_smoothing)
