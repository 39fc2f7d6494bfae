"""SparseCategoricalCrossentropy: the loss of class labels, as a metric."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import losses
from nnkit.metrics.of_loss import LossMetric

__all__ = ["SparseCategoricalCrossentropy"]


class SparseCategoricalCrossentropy(LossMetric):
    """The mean of :class:`nnkit.losses.SparseCategoricalCrossentropy` over rows.

    Parameters
    ----------
    name, dtype
        See :class:`Metric`.
    from_logits : bool
        Whether predictions are logits.
    ignore_class : int, optional
        A label whose rows don't count. In Keras they count as 0 unless there are weights.
    axis : int
        Must be -1.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> metric = nnkit.metrics.SparseCategoricalCrossentropy()
    >>> metric.update_state(np.array([1]), np.array([[0.4, 0.6]]))
    >>> round(metric.result(), 6)
    0.510826
    """

    measured = losses.SparseCategoricalCrossentropy
    sparse = True
    direction = "min"

    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype, from_logits=from_logits, ignore_class=ignore_class, axis=axis)

    def check(self, prepared: np.ndarray, output_shape: tuple[int | None, ...]) -> None:
        """Refuse labels that the loss ignores, but not the metric."""
        self.prepare(prepared, output_shape)
