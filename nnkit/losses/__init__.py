"""Losses, one class a file."""

from nnkit.losses.base import Loss, get
from nnkit.losses.binary_crossentropy import BinaryCrossentropy
from nnkit.losses.categorical_crossentropy import CategoricalCrossentropy
from nnkit.losses.function_loss import FunctionLoss
from nnkit.losses.mean_absolute_error import MeanAbsoluteError
from nnkit.losses.mean_squared_error import MeanSquaredError
from nnkit.losses.sparse_categorical_crossentropy import SparseCategoricalCrossentropy

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
