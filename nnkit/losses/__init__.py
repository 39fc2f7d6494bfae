"""Losses: a file for each class, and functions."""

from nnkit.losses.base import Loss, deserialize, get, serialize
from nnkit.losses.binary_crossentropy_loss import BinaryCrossentropy
from nnkit.losses.categorical_crossentropy_loss import CategoricalCrossentropy
from nnkit.losses.function_loss import FunctionLoss
from nnkit.losses.functions import (
    binary_crossentropy,
    categorical_crossentropy,
    mean_absolute_error,
    mean_squared_error,
    sparse_categorical_crossentropy,
)
from nnkit.losses.mean_absolute_error_loss import MeanAbsoluteError
from nnkit.losses.mean_squared_error_loss import MeanSquaredError
from nnkit.losses.sparse_categorical_crossentropy_loss import SparseCategoricalCrossentropy

__all__ = [
    "BCE",
    "MAE",
    "MSE",
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "FunctionLoss",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "SparseCategoricalCrossentropy",
    "bce",
    "binary_crossentropy",
    "categorical_crossentropy",
    "deserialize",
    "get",
    "mae",
    "mean_absolute_error",
    "mean_squared_error",
    "mse",
    "serialize",
    "sparse_categorical_crossentropy",
]

# Aliases, as in Keras.
bce = BCE = binary_crossentropy
mae = MAE = mean_absolute_error
mse = MSE = mean_squared_error
