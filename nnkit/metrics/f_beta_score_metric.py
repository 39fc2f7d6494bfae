"""FBetaScore: a mean of precision and recall that favours one of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.losses.formulas import EPSILON
from nnkit.losses.rows import as_rows
from nnkit.metrics.base import Metric, Shape

__all__ = ["FBetaScore"]


class FBetaScore(Metric):
    """``(1 + beta ** 2) * precision * recall / (beta ** 2 * precision + recall)`` of each class.

    Parameters
    ----------
    average : {None, "micro", "macro", "weighted"}
        What becomes of the classes' scores. None: an array of them. ``"micro"``: the score of all
        classes' counts together. ``"macro"``: their mean. ``"weighted"``: their mean by how many
        samples belong to each.
    beta : float
        How much more recall counts than precision; above 0.
    threshold : float, optional
        Above 0 and at most 1: predictions above it are positive. By default, a row's largest is.
    name, dtype
        See :class:`Metric`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or the output has other axes than (batch, classes).

    Notes
    -----
    1e-7 is added to each divisor, as in Keras. Van Rijsbergen, C. (1979). Information retrieval.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> score = nnkit.metrics.FBetaScore(beta=2.0, threshold=0.5)
    >>> y_true = np.array([[1, 1], [1, 0], [1, 1]])
    >>> score.update_state(y_true, np.array([[0.2, 0.7], [0.6, 0.6], [0.8, 0.9]]))
    >>> score.result().round(4)
    array([0.7143, 0.9091])
    """

    recordable = True
    direction = "max"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        owner = type(self).__name__
        if average is not None:
            checks.one_of(owner, "average", average, ("micro", "macro", "weighted"))
        self.average = average
        self.beta = checks.number(owner, "beta", beta, "(0, inf)")
        self.threshold = threshold
        if threshold is not None:
            self.threshold = checks.number(owner, "threshold", threshold, "(0, 1]")

    def build(self, output_shape: Shape) -> None:
        """Make the counts of each class: hits, false alarms, and what was missed."""
        if len(output_shape) != 2 or output_shape[1] is None:
            raise ValueError(
                f"{self.name} takes outputs of shape (batch, classes), got {output_shape}"
            )
        self.counts = self.add_weight((3, output_shape[1]), name="counts")

    def update(self, y_true: np.ndarray, y_pred: np.ndarray, weights: np.ndarray) -> None:
        """Add a batch to the counts."""
        p, t = as_rows(y_pred, y_true, False)
        launch.count_hits(p, t, weights, float(self.threshold or 0.0), self.counts.value)

    def result(self) -> Any:
        """The score since the last reset: a float, or an array of the classes' scores."""
        if not self.built:
            return 0.0
        counts = self.counts.numpy()
        positives = counts[0] + counts[2]
        if self.average == "micro":
            counts = counts.sum(axis=1, keepdims=True)
        precision = counts[0] / (counts[0] + counts[1] + EPSILON)
        recall = counts[0] / (counts[0] + counts[2] + EPSILON)
        square = self.beta**2
        scores = (1 + square) * precision * recall / (square * precision + recall + EPSILON)
        if self.average is None:
            return scores
        if self.average == "weighted":
            return float(scores @ positives / (positives.sum() + EPSILON))
        return float(scores.mean())
