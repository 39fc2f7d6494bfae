"""SparseCategoricalAccuracy: accuracy for class labels."""

from __future__ import annotations

from nnkit.metrics.rows import RowMetric

__all__ = ["SparseCategoricalAccuracy"]


class SparseCategoricalAccuracy(RowMetric):
    """The fraction of rows whose largest output has the label's index.

    Parameters
    ----------
    name, dtype
        See :class:`Metric`.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> accuracy = nnkit.metrics.SparseCategoricalAccuracy()
    >>> accuracy.update_state(np.array([0, 1]), np.array([[0.9, 0.1], [0.8, 0.2]]))
    >>> accuracy.result()
    0.5
    """

    kernel = "sparse_categorical_accuracy"
    sparse = True
    direction = "max"
