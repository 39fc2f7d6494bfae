"""Metrics, one class a file."""

from nnkit.metrics.base import Metric, get
from nnkit.metrics.binary_accuracy_metric import BinaryAccuracy
from nnkit.metrics.categorical_accuracy_metric import CategoricalAccuracy
from nnkit.metrics.function_metric import FunctionMetric
from nnkit.metrics.mean_absolute_error_metric import MeanAbsoluteError
from nnkit.metrics.mean_squared_error_metric import MeanSquaredError
from nnkit.metrics.sparse_categorical_accuracy_metric import SparseCategoricalAccuracy

__all__ = [
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "FunctionMetric",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Metric",
    "SparseCategoricalAccuracy",
    "get",
]
