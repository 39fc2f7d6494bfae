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
from nnkit.metrics.concordance_correlation_metric import ConcordanceCorrelation
from nnkit.metrics.pearson_correlation_metric import PearsonCorrelation
from nnkit.metrics.sparse_categorical_accuracy_metric import SparseCategoricalAccuracy
from nnkit.metrics.sparse_top_k_categorical_accuracy_metric import SparseTopKCategoricalAccuracy
from nnkit.metrics.top_k_categorical_accuracy_metric import TopKCategoricalAccuracy

__all__ = [
    "binary_accuracy",
    "categorical_accuracy",
    "concordance_correlation",
    "pearson_correlation",
    "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "top_k_categorical_accuracy",
]

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


@computed_by(TopKCategoricalAccuracy)
def top_k_categorical_accuracy(y_true: Tensor, y_pred: Tensor, k: int = 5) -> Tensor:
    """1 (right) or 0 for each row of arrays; see :class:`nnkit.metrics.TopKCategoricalAccuracy`."""
    raise TypeError("top_k_categorical_accuracy takes arrays, no expressions; give compile itself")


@computed_by(SparseTopKCategoricalAccuracy)
def sparse_top_k_categorical_accuracy(
    y_true: Tensor, y_pred: Tensor, k: int = 5, from_sorted_ids: bool = False
) -> Tensor:
    """1 (right) or 0 for each row; see :class:`nnkit.metrics.SparseTopKCategoricalAccuracy`."""


@computed_by(PearsonCorrelation)
def pearson_correlation(y_true: Tensor, y_pred: Tensor, axis: int = -1) -> Tensor:
    """The value of each row; see :class:`nnkit.metrics.PearsonCorrelation`."""


@computed_by(ConcordanceCorrelation)
def concordance_correlation(y_true: Tensor, y_pred: Tensor, axis: int = -1) -> Tensor:
    """The value of each row; see :class:`nnkit.metrics.ConcordanceCorrelation`."""
