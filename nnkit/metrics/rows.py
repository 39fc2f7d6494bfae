"""RowMetric: the base class of metrics that are one kernel over the rows of an output."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from nnkit.engine.dispatch import empty, launch
from nnkit.losses.rows import as_rows
from nnkit.metrics.base import Metric

__all__ = ["RowMetric"]


class RowMetric(Metric, abstract=True):
    """A metric computed by a kernel.

    Attributes
    ----------
    kernel : str
        Name of the kernel, ``kernel(p, t, *numbers, values)``, which writes a value a row of p.
    numbers : tuple of float
    """

    recordable = True
    kernel: ClassVar[str]
    numbers: tuple[float, ...] = ()

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(dtype, name)

    def forward(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """The value of each row."""
        p, t = as_rows(y_pred, y_true, bool(self.sparse))
        values = empty((len(p),), p.dtype)
        getattr(launch, self.kernel)(p, t, *self.numbers, values)
        return values
