"""Sum: the sum of values."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit.metrics.base import Metric
from nnkit.metrics.samplewise import refuse_targets, samplewise

__all__ = ["Sum"]


class Sum(Metric):
    """The sum of the values that ``update_state`` was given since the last reset.

    Parameters
    ----------
    name, dtype
        See :class:`Metric`.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> total = nnkit.metrics.Sum()
    >>> total.update_state([1.0, 3.0, 5.0], sample_weight=[1, 1, 0])
    >>> total.result()
    4.0
    """

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_weight(name="total")

    def build(self, output_shape: Any) -> None:
        """Refuse to be one of a model's metrics, which are given targets, not values."""
        refuse_targets(self, Sum)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add values.

        Parameters
        ----------
        values : array or float
        sample_weight : array or float, optional
            Of the samples; or of each value.
        """
        self.total.assign_add(samplewise(self.name, values, sample_weight, np.sum)[0].sum())

    def result(self) -> Any:
        """The sum of all values since the last reset."""
        return float(self.total.numpy())
