"""LossMetric: the base class of metrics that are the mean of a loss over rows."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from nnkit.losses.base import Loss
from nnkit.metrics.base import Metric

__all__ = ["LossMetric"]


class LossMetric(Metric, abstract=True):
    """A loss as a metric.

    Attributes
    ----------
    measured : type
        The class of the loss.
    """

    recordable = True
    measured: ClassVar[type[Loss]]

    def __init__(self, name: str | None = None, dtype: Any = None, **options: Any) -> None:
        super().__init__(dtype, name)
        self.loss = self.measured(**options, name=self.name)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss as an expression, if it is one."""
        return self.loss.call(y_true, y_pred)

    def forward(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """The loss of each row."""
        if type(self.loss).call is not Loss.call:
            return super().forward(
                y_true, y_pred
            )  # As no gradient follows, nothing is kept for it.
        return self.loss.forward(y_true, y_pred)

    def counted(self, y_true: np.ndarray) -> np.ndarray | None:
        """Which rows count by their targets; see :meth:`nnkit.losses.Loss.counted`."""
        return self.loss.counted(y_true)

    def prepare(self, y: Any, output_shape: tuple[int | None, ...]) -> np.ndarray:
        """Check targets as the loss does."""
        return self.loss.prepare(y, output_shape)
