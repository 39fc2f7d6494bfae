"""BinaryIoU: of classes 0 and 1, from probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import empty, launch
from nnkit.metrics.io_u_metric import IoU

__all__ = ["BinaryIoU"]


class BinaryIoU(IoU):
    """Intersection over union of the classes 0 and 1; predictions from a threshold on are 1.

    Parameters
    ----------
    target_class_ids : sequence of int
        The classes whose values are averaged.
    threshold : float
    name, dtype
        See :class:`Metric`.

    Raises
    ------
    TypeError, ValueError
        As for :class:`IoU`.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> metric = nnkit.metrics.BinaryIoU()
    >>> metric.update_state(np.array([0, 1, 0, 1]), np.array([0.1, 0.2, 0.4, 0.7]))
    >>> round(metric.result(), 4)
    0.5833
    """

    settled = ("num_classes", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")

    def __init__(
        self,
        target_class_ids: Any = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = checks.number(type(self).__name__, "threshold", threshold)

    def predicted(self, y_pred: np.ndarray) -> np.ndarray:
        """The class of each prediction."""
        labels = empty((y_pred.size,), np.int32)
        launch.reach(y_pred.reshape(-1), self.threshold, labels)
        return labels
