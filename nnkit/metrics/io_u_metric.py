"""IoU: how much predicted and true regions of classes overlap."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import empty, launch
from nnkit.losses import targets
from nnkit.losses.formulas import EPSILON
from nnkit.metrics.base import Metric, Shape

__all__ = ["IoU"]


class IoU(Metric):
    """Intersection over union of some classes: hits / (hits + false alarms + misses), averaged.

    Parameters
    ----------
    num_classes : int
    target_class_ids : sequence of int
        The classes whose values are averaged.
    name, dtype
        See :class:`Metric`.
    ignore_class : int, optional
        A label whose predictions don't count, such as 255.
    sparse_y_true, sparse_y_pred : bool
        Whether targets and predictions are class numbers; otherwise the largest along the last axis
        is the class.
    axis : int
        Must be -1.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or predictions don't fit targets.

    Notes
    -----
    Classes that are neither predicted nor true are left out of the mean, and so are numbers that
    are none of the classes. Weights of samples may be fractions; Keras cuts them to integers unless
    dtype is that of floats.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> metric = nnkit.metrics.IoU(num_classes=2, target_class_ids=[0])
    >>> metric.update_state(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
    >>> round(metric.result(), 4)
    0.3333
    """

    recordable = True
    sparse = None
    direction = "max"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Any,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(dtype, name)
        owner = type(self).__name__
        self.num_classes = checks.integer(owner, "num_classes", num_classes)
        self.target_class_ids = [
            checks.integer(owner, "target_class_ids", one, 0, self.num_classes - 1)
            for one in target_class_ids
        ]
        self.ignore_class = ignore_class
        if ignore_class is not None:
            self.ignore_class = checks.integer(owner, "ignore_class", ignore_class, -(2**31))
        self.sparse_y_true = checks.flag(owner, "sparse_y_true", sparse_y_true)
        self.sparse_y_pred = checks.flag(owner, "sparse_y_pred", sparse_y_pred)
        self.axis = checks.integer(owner, "axis", axis, -1, -1)

    def build(self, output_shape: Shape) -> None:
        """Make the confusion matrix."""
        self.matrix = self.add_weight((self.num_classes,) * 2, name="total_confusion_matrix")

    def prepare(self, y: Any, output_shape: Shape) -> np.ndarray:
        """Check that there are as many targets as predictions; numbers outside are left out."""
        return np.ascontiguousarray(targets.numeric(self.name, y))

    def classes(self, numbers: np.ndarray, sparse: bool) -> np.ndarray:
        """The class of each row."""
        if sparse:
            return numbers.reshape(-1)
        rows = numbers.reshape(-1, numbers.shape[-1])
        labels = empty((len(rows),), np.int32)
        launch.argmax_rows(rows, labels)
        return labels

    def predicted(self, y_pred: np.ndarray) -> np.ndarray:
        """The class of each prediction."""
        return self.classes(y_pred, self.sparse_y_pred)

    def update(self, y_true: np.ndarray, y_pred: np.ndarray, weights: np.ndarray) -> None:
        """Add a batch to the confusion matrix."""
        p = self.predicted(y_pred)
        if not self.sparse_y_true:
            y_true = y_true.reshape(len(y_true), -1, y_pred.shape[-1])
        t = self.classes(y_true, self.sparse_y_true)
        if t.size != p.size:
            raise ValueError(
                f"{self.name}: {t.size} classes of targets, but {p.size} of predictions; "
                f"sparse_y_true is {self.sparse_y_true}, sparse_y_pred {self.sparse_y_pred}"
            )
        if weights.size != p.size:  # Predictions that are classes are a row each.
            spread = empty((p.size,), weights.dtype)
            launch.broadcast_weights(weights, 1.0, spread)
            weights = spread
        ignored = -(2**31) if self.ignore_class is None else self.ignore_class
        launch.count_pairs(p, t, weights, ignored, self.matrix.value)

    def result(self) -> float:
        """The mean over the classes since the last reset."""
        if not self.built:
            return 0.0
        matrix = self.matrix.numpy()
        chosen = self.target_class_ids
        hits = np.diag(matrix)[chosen]
        union = matrix.sum(axis=0)[chosen] + matrix.sum(axis=1)[chosen] - hits
        seen = union > 1e-9
        values = np.where(seen, hits / (union + EPSILON), 0.0)
        return float(values.sum() / (seen.sum() + EPSILON))
