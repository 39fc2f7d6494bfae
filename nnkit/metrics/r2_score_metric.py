"""R2Score: how much of the variance predictions explain."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.errors import warn
from nnkit.losses.rows import as_rows
from nnkit.metrics.base import Metric, Shape

__all__ = ["R2Score"]


class R2Score(Metric):
    """``1 - sum((t - p) ** 2) / sum((t - mean(t)) ** 2)`` of each output.

    Parameters
    ----------
    class_aggregation : {"uniform_average", "variance_weighted_average", None}
        What becomes of the outputs' scores: their mean, their mean by the targets' variances, or an
        array of them.
    num_regressors : int
        How many independent variables the model has, for the adjusted score; 0: not adjusted.
    name, dtype
        See :class:`Metric`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or the output has other axes than (batch, outputs).

    Notes
    -----
    An output whose targets are all equal scores 0 (NaN if it is predicted exactly), as in Keras. As
    there, the adjusted score takes the number of targets, not of samples, for n in
    ``1 - (1 - score) (n - 1) / (n - regressors - 1)``.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> score = nnkit.metrics.R2Score()
    >>> score.update_state(np.array([[1.0], [4.0], [3.0]]), np.array([[2.0], [4.0], [4.0]]))
    >>> round(score.result(), 4)
    0.5714
    """

    recordable = True
    direction = "max"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        owner = type(self).__name__
        known = ("uniform_average", "variance_weighted_average")
        if class_aggregation is not None:
            checks.one_of(owner, "class_aggregation", class_aggregation, known)
        self.class_aggregation = class_aggregation
        self.num_regressors = checks.integer(owner, "num_regressors", num_regressors, 0)

    def build(self, output_shape: Shape) -> None:
        """Make the sums of each output, and the number of targets."""
        if len(output_shape) != 2 or output_shape[1] is None:
            raise ValueError(
                f"{self.name} takes outputs of shape (batch, outputs), got {output_shape}"
            )
        self.moments = self.add_weight((4, output_shape[1]), name="moments")
        self.seen = self.add_weight((2,), name="seen")

    def update(self, y_true: np.ndarray, y_pred: np.ndarray, weights: np.ndarray) -> None:
        """Add a batch to the sums."""
        p, t = as_rows(y_pred, y_true, False)
        launch.add_moments(p, t, weights, self.moments.value)
        launch.accumulate(weights, weights, float(p.size), self.seen.value)

    def result(self) -> Any:
        """The score since the last reset."""
        if not self.built:
            return 0.0
        total, squares, errors, count = self.moments.numpy()
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = squares - total * total / count
            scores = 1.0 - errors / spread
            scores = np.where(np.isinf(scores), 0.0, scores)
            if self.class_aggregation is None:
                found = scores
            elif self.class_aggregation == "uniform_average":
                found = scores.mean()
            else:
                found = (spread * scores).sum() / spread.sum()
        n, p = float(self.seen.numpy()[1]), self.num_regressors
        if p and p >= n - 1:
            warn(
                f"{self.name}: {p} regressors and {n:.0f} targets give no adjusted score; this is "
                "the plain one",
                RuntimeWarning,
            )
        elif p:
            found = 1.0 - (1.0 - found) * (n - 1) / (n - p - 1)
        return found if np.ndim(found) else float(found)
