"""Metrics that are one kernel over the rows of an output."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from nnkit.engine.device import empty, launch
from nnkit.losses.rows import as_rows
from nnkit.metrics.base import Metric

__all__ = ["RowMetric"]


class RowMetric(Metric, abstract=True):
    """A metric made of a kernel.

    Attributes
    ----------
    kernel : str
        ``kernel(p, t, *numbers, values)`` gives the value of each row of p.
    numbers : tuple of float
    """

    recordable = True
    kernel: ClassVar[str]
    numbers: tuple[float, ...] = ()

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name)

    def forward(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Value of each row."""
        p, t = as_rows(y_pred, y_true, self.sparse)
        values = empty((len(p),), p.dtype)
        getattr(launch, self.kernel)(p, t, *self.numbers, values)
        return values
