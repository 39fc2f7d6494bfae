"""SparseTopKCategoricalAccuracy: whether a label is among the k largest."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import empty, launch
from nnkit.losses import targets
from nnkit.losses.rows import as_rows
from nnkit.metrics.base import Metric

__all__ = ["SparseTopKCategoricalAccuracy"]


class SparseTopKCategoricalAccuracy(Metric):
    """The fraction of rows in which fewer than k outputs are larger than that of the label.

    Parameters
    ----------
    k : int
    name, dtype
        See :class:`Metric`.
    from_sorted_ids : bool
        Whether predictions are labels, the most likely first.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> metric = nnkit.metrics.SparseTopKCategoricalAccuracy(k=2)
    >>> metric.update_state(np.array([2]), np.array([[0.5, 0.2, 0.3]]))
    >>> round(metric.result(), 6)
    1.0
    """

    recordable = True
    sparse = True
    direction = "max"

    def __init__(
        self,
        k: int = 5,
        name: str | None = None,
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(dtype, name)
        self.k = checks.integer(type(self).__name__, "k", k)
        self.from_sorted_ids = checks.flag(type(self).__name__, "from_sorted_ids", from_sorted_ids)

    def prepare(self, y: Any, output_shape: tuple[int | None, ...]) -> np.ndarray:
        """Check the labels: with sorted ids, any numbers."""
        if self.from_sorted_ids:
            return targets.as_numbers(self.name, y, output_shape[:-1])
        return super().prepare(y, output_shape)

    def forward(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """1 or 0 for each row."""
        p, t = as_rows(y_pred, y_true, True)
        match = empty((len(p),), p.dtype)
        count = launch.among_first if self.from_sorted_ids else launch.top_k_categorical_accuracy
        count(p, t, self.k, match)
        return match
