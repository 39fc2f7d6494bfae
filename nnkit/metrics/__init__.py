"""Metrics: a file for each class, and functions."""

from nnkit.losses.functions import (
    binary_crossentropy,
    categorical_crossentropy,
    mean_absolute_error,
    mean_squared_error,
)
from nnkit.metrics.base import Metric, deserialize, get, serialize
from nnkit.metrics.binary_accuracy_metric import BinaryAccuracy
from nnkit.metrics.categorical_accuracy_metric import CategoricalAccuracy
from nnkit.metrics.function_metric import FunctionMetric
from nnkit.metrics.functions import (
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
)
from nnkit.metrics.mean_absolute_error_metric import MeanAbsoluteError
from nnkit.metrics.mean_squared_error_metric import MeanSquaredError
from nnkit.metrics.sparse_categorical_accuracy_metric import SparseCategoricalAccuracy

__all__ = [
    "MAE",
    "MSE",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "FunctionMetric",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Metric",
    "SparseCategoricalAccuracy",
    "binary_accuracy",
    "binary_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "deserialize",
    "get",
    "mae",
    "mean_absolute_error",
    "mean_squared_error",
    "mse",
    "serialize",
    "sparse_categorical_accuracy",
]

# Aliases, as in Keras.
mae = MAE = mean_absolute_error
mse = MSE = mean_squared_error
