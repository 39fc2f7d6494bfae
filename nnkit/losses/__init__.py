"""Losses: a file for each class, and functions."""

from nnkit.losses.base import Loss, deserialize, get, serialize
from nnkit.losses.binary_crossentropy_loss import BinaryCrossentropy
from nnkit.losses.binary_focal_crossentropy_loss import BinaryFocalCrossentropy
from nnkit.losses.categorical_crossentropy_loss import CategoricalCrossentropy
from nnkit.losses.categorical_focal_crossentropy_loss import CategoricalFocalCrossentropy
from nnkit.losses.categorical_hinge_loss import CategoricalHinge
from nnkit.losses.cosine_similarity_loss import CosineSimilarity
from nnkit.losses.ctc_loss import CTC
from nnkit.losses.dice_loss import Dice
from nnkit.losses.function_loss import FunctionLoss
from nnkit.losses.functions import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
    cosine_similarity,
    ctc,
    dice,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
    tversky,
)
from nnkit.losses.hinge_loss import Hinge
from nnkit.losses.huber_loss import Huber
from nnkit.losses.kl_divergence_loss import KLDivergence
from nnkit.losses.log_cosh_loss import LogCosh
from nnkit.losses.mean_absolute_error_loss import MeanAbsoluteError
from nnkit.losses.mean_absolute_percentage_error_loss import MeanAbsolutePercentageError
from nnkit.losses.mean_squared_error_loss import MeanSquaredError
from nnkit.losses.mean_squared_logarithmic_error_loss import MeanSquaredLogarithmicError
from nnkit.losses.poisson_loss import Poisson
from nnkit.losses.sparse_categorical_crossentropy_loss import SparseCategoricalCrossentropy
from nnkit.losses.squared_hinge_loss import SquaredHinge
from nnkit.losses.tversky_loss import Tversky

__all__ = [
    "BCE",
    "CTC",
    "KLD",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Dice",
    "FunctionLoss",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "bce",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "cosine_similarity",
    "ctc",
    "deserialize",
    "dice",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "kld",
    "kullback_leibler_divergence",
    "log_cosh",
    "logcosh",
    "mae",
    "mape",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]

# Aliases, as in Keras.
bce = BCE = binary_crossentropy
mae = MAE = mean_absolute_error
mse = MSE = mean_squared_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
kld = KLD = kullback_leibler_divergence = kl_divergence
logcosh = log_cosh
