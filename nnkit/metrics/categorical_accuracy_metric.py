"""Accuracy of one-hot targets."""

from __future__ import annotations

from nnkit.metrics.rows import RowMetric

__all__ = ["CategoricalAccuracy"]


class CategoricalAccuracy(RowMetric):
    """Share of rows whose largest output is that of the largest target.

    Parameters
    ----------
    name : str, optional

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> accuracy = nnkit.metrics.CategoricalAccuracy()
    >>> accuracy.update_state(np.eye(2), np.array([[0.9, 0.1], [0.8, 0.2]]))
    >>> accuracy.result()
    0.5
    """

    aliases = ("accuracy", "acc")  # For near misses: nnkit.metrics.get chooses by the targets.
    kernel = "categorical_accuracy"
    direction = "max"
