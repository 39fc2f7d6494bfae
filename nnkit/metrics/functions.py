"""Metrics as functions: a value for every row of the predictions, as in ``keras.metrics``.

In ``compile(metrics=[binary_accuracy])`` a function stands for the class that computes it. In a
custom metric it takes expressions and returns one. Functions that are losses, too, are those of
:mod:`nnkit.losses`.

Examples
--------
>>> import numpy as np, nnkit
>>> nnkit.metrics.categorical_accuracy(np.eye(2), np.array([[0.9, 0.1], [0.8, 0.2]]))
array([1., 0.])
"""

from __future__ import annotations

from typing import Any

from nnkit.losses.functions import computed_by
from nnkit.metrics.binary_accuracy_metric import BinaryAccuracy
from nnkit.metrics.categorical_accuracy_metric import CategoricalAccuracy
from nnkit.metrics.sparse_categorical_accuracy_metric import SparseCategoricalAccuracy

__all__ = ["binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy"]

Tensor = Any  # An array or an expression.


@computed_by(BinaryAccuracy, elementwise=True)
def binary_accuracy(y_true: Tensor, y_pred: Tensor, threshold: float = 0.5) -> Tensor:
    """1 (right) or 0 for each element, not each row; see :class:`nnkit.metrics.BinaryAccuracy`."""
    from nnkit import ops

    return ops.cast(ops.equal(y_true, ops.cast(y_pred > threshold, y_true.dtype)), y_pred.dtype)


@computed_by(CategoricalAccuracy)
def categorical_accuracy(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """1 (right) or 0 for each row; see :class:`nnkit.metrics.CategoricalAccuracy`."""
    from nnkit import ops

    same = ops.equal(ops.argmax(y_true, axis=-1), ops.argmax(y_pred, axis=-1))
    return ops.cast(same, y_pred.dtype)


@computed_by(SparseCategoricalAccuracy)
def sparse_categorical_accuracy(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """1 (right) or 0 for each row; see :class:`nnkit.metrics.SparseCategoricalAccuracy`."""
