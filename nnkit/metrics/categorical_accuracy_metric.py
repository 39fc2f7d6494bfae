"""CategoricalAccuracy: accuracy for one-hot targets."""

from __future__ import annotations

from nnkit.metrics.rows import RowMetric

__all__ = ["CategoricalAccuracy"]


class CategoricalAccuracy(RowMetric):
    """The fraction of rows whose largest output and largest target have the same index.

    Parameters
    ----------
    name, dtype
        See :class:`Metric`.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> accuracy = nnkit.metrics.CategoricalAccuracy()
    >>> accuracy.update_state(np.eye(2), np.array([[0.9, 0.1], [0.8, 0.2]]))
    >>> accuracy.result()
    0.5
    """

    aliases = ("accuracy", "acc")  # For suggestions in errors; get() chooses a class.
    kernel = "categorical_accuracy"
    direction = "max"
