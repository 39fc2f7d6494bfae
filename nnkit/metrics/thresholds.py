"""ThresholdMetric: the base class of metrics that count errors at thresholds."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from nnkit import checks
from nnkit.conversion import to_numpy
from nnkit.engine.dispatch import empty, launch
from nnkit.losses.rows import as_rows
from nnkit.metrics.base import Metric, Shape

__all__ = [
    "FAR_BELOW",
    "Confusion",
    "ThresholdMetric",
    "best_where",
    "even_thresholds",
    "given_thresholds",
    "ratio",
]

FAR_BELOW = -1e10  # A threshold that every prediction exceeds, but those not among the k largest.


class Confusion(NamedTuple):
    """Weighted numbers of predictions at each threshold: each (labels, thresholds).

    Attributes
    ----------
    hits, false_alarms, rejections, misses : numpy.ndarray
        True positives, false positives, true negatives, false negatives.
    """

    hits: np.ndarray
    false_alarms: np.ndarray
    rejections: np.ndarray
    misses: np.ndarray

    @property
    def precision(self) -> np.ndarray:
        """How many of the predicted positives are positive."""
        return ratio(self.hits, self.hits + self.false_alarms)

    @property
    def recall(self) -> np.ndarray:
        """How many of the positives are predicted, the sensitivity."""
        return ratio(self.hits, self.hits + self.misses)

    @property
    def specificity(self) -> np.ndarray:
        """How many of the negatives are predicted."""
        return ratio(self.rejections, self.rejections + self.false_alarms)


class ThresholdMetric(Metric, abstract=True):
    """A metric that follows from how many predictions exceed some thresholds.

    Its state is a histogram: for each of two classes, and each number of thresholds, the weight of
    the predictions that exceed so many. A target that is not 0 is positive.

    Parameters
    ----------
    thresholds : list of float
        In any order.
    name, dtype
        See :class:`Metric`.
    top_k : int, optional
        Only the k largest predictions of a row may be positive.
    class_id : int, optional
        The only output that counts.
    clipped : bool
        Whether predictions are brought into [0, 1].
    by_label : bool
        Whether each output is counted by itself.
    label_weights : sequence of float, optional
        Of each output, for those that are counted together.
    from_logits : bool
        Whether predictions are logits, to which a sigmoid is applied.
    """

    recordable = True

    def __init__(
        self,
        thresholds: list[float],
        name: str | None = None,
        dtype: Any = None,
        *,
        top_k: int | None = None,
        class_id: int | None = None,
        clipped: bool = False,
        by_label: bool = False,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(dtype, name)
        owner = type(self).__name__
        self.thresholds = thresholds
        self.top_k = None if top_k is None else checks.integer(owner, "top_k", top_k)
        self.class_id = class_id
        if class_id is not None:
            self.class_id = checks.integer(owner, "class_id", class_id, 0)
        self.clipped, self.by_label = clipped, by_label
        self.label_weights = None
        if label_weights is not None:
            self.label_weights = to_numpy(label_weights, f"{owner}: label_weights", np.float64)
        self.from_logits = checks.flag(owner, "from_logits", from_logits)
        self._order = np.argsort(thresholds, kind="stable")
        self._bounds: dict[str, np.ndarray] = {}

    def build(self, output_shape: Shape) -> None:
        """Make the histogram."""
        outputs = output_shape[-1]
        if outputs is None:
            raise ValueError(f"{self.name}: the number of outputs must be known, got None")
        if self.class_id is not None and self.class_id >= outputs:
            raise ValueError(
                f"{self.name}: class_id is {self.class_id}, but there are {outputs} outputs"
            )
        self._column, columns = self.class_id or 0, outputs if self.class_id is None else 1
        given = self.label_weights
        if given is not None and given.shape != (columns,):
            raise ValueError(
                f"{self.name}: label_weights must have shape ({columns},), got {given.shape}"
            )
        self._each = np.ones(columns) if given is None or self.by_label else given
        labels = columns if self.by_label else 1
        self.counts = self.add_weight((labels, len(self.thresholds) + 1, 2), name="histogram")

    def update(self, y_true: np.ndarray, y_pred: np.ndarray, weights: np.ndarray) -> None:
        """Add a batch to the histogram."""
        p, t = as_rows(y_pred, y_true, False)
        if p.shape[1] != self._column + len(self._each) and self.class_id is None:
            raise ValueError(
                f"{self.name} has counted rows of {len(self._each)} outputs, got {p.shape[1]}"
            )
        if self.from_logits:
            logits, p = p, empty(p.shape, p.dtype)
            launch.sigmoid(logits, p)
        if self.top_k is not None:
            outputs, p = p, empty(p.shape, p.dtype)
            launch.keep_largest(outputs, self.top_k, p)
        dtype = str(p.dtype)
        if dtype not in self._bounds:
            self._bounds[dtype] = np.asarray(self.thresholds, dtype)[self._order]
        bounds = self._bounds[dtype]
        launch.count_by_threshold(
            p, t, weights, self._each, bounds, self._column, int(self.clipped), self.counts.value
        )

    def confusion(self) -> Confusion:
        """What was counted since the last reset, in the order of the thresholds."""
        if not self.built:
            none = np.zeros((1, len(self.thresholds)))
            return Confusion(none, none, none, none)
        counts = self.counts.numpy()
        # Who exceeds more than i thresholds exceeds the i-th.
        exceeding = np.flip(np.cumsum(np.flip(counts, 1), axis=1), 1)[:, 1:]
        found = np.empty_like(exceeding)
        found[:, self._order] = exceeding
        below = counts.sum(axis=1, keepdims=True) - found
        return Confusion(found[..., 1], found[..., 0], below[..., 0], below[..., 1])

    def for_each(self, values: np.ndarray) -> Any:
        """A float for a single threshold, else an array."""
        return float(values[0, 0]) if values.shape[1] == 1 else values[0]


def given_thresholds(owner: str, given: Any, usual: float = 0.5) -> list[float]:
    """Check thresholds: a number from 0 to 1, a list of them, or None.

    Raises
    ------
    TypeError, ValueError
    """
    if given is None:
        return [usual]
    listed = list(given) if isinstance(given, (list, tuple, np.ndarray)) else [given]
    if not listed:
        raise ValueError(f"{owner}: thresholds is an empty list")
    return [checks.number(owner, "thresholds", one, "[0, 1]") for one in listed]


def even_thresholds(owner: str, count: Any) -> list[float]:
    """So many thresholds from 0 to 1; 0.5 if it is one.

    Raises
    ------
    TypeError, ValueError
    """
    checks.integer(owner, "num_thresholds", count)
    return [0.5] if count == 1 else [i / (count - 1) for i in range(count)]


def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """above / below, or 0 where below is 0."""
    return np.divide(above, below, out=np.zeros_like(above), where=below != 0)


def best_where(feasible: np.ndarray, values: np.ndarray) -> float:
    """The largest value where it is feasible, 0 if there is none."""
    return float(np.max(np.where(feasible, values, 0.0), initial=0.0))
