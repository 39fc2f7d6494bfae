"""F1Score: the harmonic mean of precision and recall."""

from __future__ import annotations

from typing import Any

from nnkit.metrics.f_beta_score_metric import FBetaScore

__all__ = ["F1Score"]


class F1Score(FBetaScore):
    """``2 * precision * recall / (precision + recall)`` of each class.

    Parameters
    ----------
    average : {None, "micro", "macro", "weighted"}
        See :class:`FBetaScore`.
    threshold : float, optional
        Above 0 and at most 1: predictions above it are positive. By default, a row's largest is.
    name, dtype
        See :class:`Metric`.

    Raises
    ------
    TypeError, ValueError
        As for :class:`FBetaScore`.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> score = nnkit.metrics.F1Score(average="macro", threshold=0.5)
    >>> y_true = np.array([[1, 1], [1, 0], [1, 1]])
    >>> score.update_state(y_true, np.array([[0.2, 0.7], [0.6, 0.6], [0.8, 0.9]]))
    >>> round(score.result(), 4)
    0.8
    """

    settled = ("beta",)

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)
