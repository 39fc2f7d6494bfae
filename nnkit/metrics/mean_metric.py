"""Mean: the mean of values."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit.metrics.base import Metric
from nnkit.metrics.samplewise import refuse_targets, samplewise

__all__ = ["Mean"]


class Mean(Metric):
    """The mean of the values that ``update_state`` was given since the last reset.

    A metric derived from it may give its ``update_state`` what it computes of targets and
    predictions.

    Parameters
    ----------
    name, dtype
        See :class:`Metric`.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> mean = nnkit.metrics.Mean()
    >>> mean.update_state([1.0, 3.0, 5.0], sample_weight=[1, 1, 0])
    >>> mean.result()
    2.0
    """

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_weight(name="total")
        self.count = self.add_weight(name="count")

    def build(self, output_shape: Any) -> None:
        """Refuse to be one of a model's metrics, which are given targets, not values."""
        refuse_targets(self, Mean)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add values.

        Parameters
        ----------
        values : array or float
        sample_weight : array or float, optional
            Of the samples; or of each value.
        """
        found, weights = samplewise(self.name, values, sample_weight, np.mean)
        self.total.assign_add(found.sum())
        self.count.assign_add(found.size if weights is None else weights.sum())

    def result(self) -> Any:
        """The mean of all values since the last reset, 0 if there are none."""
        total, count = float(self.total.numpy()), float(self.count.numpy())
        return total / count if count else 0.0
