"""Losses, one class a file."""

from nnkit.losses.base import Loss, get
from nnkit.losses.binary_crossentropy_loss import BinaryCrossentropy
from nnkit.losses.categorical_crossentropy_loss import CategoricalCrossentropy
from nnkit.losses.function_loss import FunctionLoss
from nnkit.losses.mean_absolute_error_loss import MeanAbsoluteError
from nnkit.losses.mean_squared_error_loss import MeanSquaredError
from nnkit.losses.sparse_categorical_crossentropy_loss import SparseCategoricalCrossentropy

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "FunctionLoss",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "SparseCategoricalCrossentropy",
    "get",
]
