"""Metrics, one class a file."""

from nnkit.metrics.base import Metric, get
from nnkit.metrics.binary_accuracy import BinaryAccuracy
from nnkit.metrics.categorical_accuracy import CategoricalAccuracy
from nnkit.metrics.function_metric import FunctionMetric
from nnkit.metrics.mean_absolute_error import MeanAbsoluteError
from nnkit.metrics.mean_squared_error import MeanSquaredError
from nnkit.metrics.sparse_categorical_accuracy import SparseCategoricalAccuracy

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
