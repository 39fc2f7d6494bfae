"""AUC: the area under a curve of two rates, over all thresholds."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.losses.formulas import EPSILON
from nnkit.metrics.base import Shape
from nnkit.metrics.thresholds import (
    Confusion,
    ThresholdMetric,
    even_thresholds,
    given_thresholds,
    ratio,
)

__all__ = ["AUC"]


class AUC(ThresholdMetric):
    """The area under the ROC curve, or that of precision and recall, by a sum over thresholds.

    Parameters
    ----------
    num_thresholds : int
        How many evenly spaced thresholds there are; at least 2.
    curve : {"ROC", "PR", "PRGAIN"}
        Sensitivity by false alarms; precision by recall; or their gains.
    summation_method : {"interpolation", "majoring", "minoring"}
        The height between two thresholds: the middle (for PR, precision's true course), the larger
        or the smaller one.
    name, dtype
        See :class:`Metric`.
    thresholds : list of float, optional
        From 0 to 1, instead of evenly spaced ones; 0 and 1 are added.
    multi_label : bool
        Whether each output has a curve of its own; the result is the mean of their areas.
    num_labels : int, optional
        The number of outputs with ``multi_label``; it is known anyway.
    label_weights : sequence of float, optional
        Of the outputs: in the mean of areas, or in one curve.
    from_logits : bool
        Whether predictions are logits, to which a sigmoid is applied.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Notes
    -----
    Predictions are brought into [0, 1]. With n thresholds the area's error is of the order of
    1 / n, and larger where predictions lie close together. Davis, J., Goadrich, M. (2006). The
    relationship between precision-recall and ROC curves. Flach, P., Kull, M. (2015).
    Precision-recall-gain curves: PR analysis done right.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> auc = nnkit.metrics.AUC(num_thresholds=3)
    >>> auc.update_state(np.array([0, 0, 1, 1]), np.array([0, 0.5, 0.3, 0.9]))
    >>> auc.result()
    0.75
    """

    direction = "max"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        owner = type(self).__name__
        self.curve = checks.one_of(owner, "curve", _upper(curve), ("ROC", "PR", "PRGAIN"))
        methods = ("interpolation", "majoring", "minoring")
        method = summation_method.lower() if isinstance(summation_method, str) else summation_method
        self.summation_method = checks.one_of(owner, "summation_method", method, methods)
        self.multi_label = checks.flag(owner, "multi_label", multi_label)
        self.num_labels = num_labels
        if num_labels is not None:
            checks.integer(owner, "num_labels", num_labels)
            if not multi_label:
                raise ValueError(f"{owner}: num_labels is {num_labels}, but multi_label is False")
        if thresholds is None:
            checks.integer(owner, "num_thresholds", num_thresholds, 2)
            inner = even_thresholds(owner, num_thresholds)[1:-1]
        else:
            inner = sorted(given_thresholds(owner, thresholds)) if len(thresholds) else []
        super().__init__(
            [-EPSILON, *inner, 1.0 + EPSILON],
            name,
            dtype,
            clipped=True,
            by_label=self.multi_label,
            label_weights=label_weights,
            from_logits=from_logits,
        )
        self.num_thresholds = len(self.thresholds)

    def build(self, output_shape: Shape) -> None:
        """Make the histogram."""
        if self.num_labels not in (None, output_shape[-1]):
            raise ValueError(
                f"{self.name}: num_labels is {self.num_labels}, but there are {output_shape[-1]} "
                "outputs"
            )
        super().build(output_shape)

    def result(self) -> float:
        """The area since the last reset."""
        counts = self.confusion()
        if self.curve == "PR" and self.summation_method == "interpolation":
            areas = _interpolated(counts)
        else:
            x, y = self._points(counts)
            before, after = y[:, :-1], y[:, 1:]
            if self.summation_method == "interpolation":
                heights = (before + after) / 2
            else:
                choose = np.minimum if self.summation_method == "minoring" else np.maximum
                heights = choose(before, after)
            areas = ((x[:, :-1] - x[:, 1:]) * heights).sum(axis=1)
        weights = self.label_weights if self.multi_label else None
        if weights is None:
            return float(areas.mean())
        return float(areas @ weights / weights.sum()) if weights.sum() else 0.0

    def _points(self, counts: Confusion) -> tuple[np.ndarray, np.ndarray]:
        """The curve: x and y at each threshold."""
        if self.curve == "ROC":
            negatives = counts.false_alarms + counts.rejections
            return ratio(counts.false_alarms, negatives), counts.recall
        if self.curve == "PR":
            return counts.recall, counts.precision
        factor = ratio(counts.hits + counts.misses, counts.rejections + counts.false_alarms)
        recall = 1.0 - factor * ratio(counts.misses, counts.hits)
        precision = 1.0 - factor * ratio(counts.false_alarms, counts.hits)
        nothing = counts.hits == 0
        return np.maximum(np.where(nothing, 0.0, recall), 0.0), np.where(nothing, 1.0, precision)


def _interpolated(counts: Confusion) -> np.ndarray:
    """The area under precision by recall, where precision between two points is no line."""
    hits, said = counts.hits, counts.hits + counts.false_alarms
    more, more_said = hits[:, :-1] - hits[:, 1:], said[:, :-1] - said[:, 1:]
    slope = ratio(more, np.maximum(more_said, 0.0))
    start = hits[:, 1:] - slope * said[:, 1:]
    both = (said[:, :-1] > 0) & (said[:, 1:] > 0)
    growth = np.divide(said[:, :-1], said[:, 1:], out=np.ones_like(start), where=both)
    positives = np.maximum(hits[:, 1:] + counts.misses[:, 1:], 0.0)
    areas: np.ndarray = ratio(slope * (more + start * np.log(growth)), positives).sum(axis=1)
    return areas


def _upper(curve: Any) -> Any:
    return curve.upper() if isinstance(curve, str) else curve
