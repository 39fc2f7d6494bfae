"""Metrics: a file for each class, and functions."""

from typing import TYPE_CHECKING

from nnkit.losses.functions import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
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
)
from nnkit.metrics.base import Metric, deserialize, get, serialize
from nnkit.metrics.function_metric import FunctionMetric  # What functions become.
from nnkit.metrics.functions import (
    binary_accuracy,
    categorical_accuracy,
    concordance_correlation,
    pearson_correlation,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from nnkit.missing import missing

if TYPE_CHECKING:
    from nnkit.metrics.accuracy_metric import Accuracy
    from nnkit.metrics.auc_metric import AUC
    from nnkit.metrics.binary_accuracy_metric import BinaryAccuracy
    from nnkit.metrics.binary_crossentropy_metric import BinaryCrossentropy
    from nnkit.metrics.binary_io_u_metric import BinaryIoU
    from nnkit.metrics.categorical_accuracy_metric import CategoricalAccuracy
    from nnkit.metrics.categorical_crossentropy_metric import CategoricalCrossentropy
    from nnkit.metrics.categorical_hinge_metric import CategoricalHinge
    from nnkit.metrics.concordance_correlation_metric import ConcordanceCorrelation
    from nnkit.metrics.cosine_similarity_metric import CosineSimilarity
    from nnkit.metrics.f1_score_metric import F1Score
    from nnkit.metrics.f_beta_score_metric import FBetaScore
    from nnkit.metrics.false_negatives_metric import FalseNegatives
    from nnkit.metrics.false_positives_metric import FalsePositives
    from nnkit.metrics.hinge_metric import Hinge
    from nnkit.metrics.io_u_metric import IoU
    from nnkit.metrics.kl_divergence_metric import KLDivergence
    from nnkit.metrics.log_cosh_error_metric import LogCoshError
    from nnkit.metrics.mean_absolute_error_metric import MeanAbsoluteError
    from nnkit.metrics.mean_absolute_percentage_error_metric import MeanAbsolutePercentageError
    from nnkit.metrics.mean_io_u_metric import MeanIoU
    from nnkit.metrics.mean_metric import Mean
    from nnkit.metrics.mean_metric_wrapper import MeanMetricWrapper
    from nnkit.metrics.mean_squared_error_metric import MeanSquaredError
    from nnkit.metrics.mean_squared_logarithmic_error_metric import MeanSquaredLogarithmicError
    from nnkit.metrics.one_hot_io_u_metric import OneHotIoU
    from nnkit.metrics.one_hot_mean_io_u_metric import OneHotMeanIoU
    from nnkit.metrics.pearson_correlation_metric import PearsonCorrelation
    from nnkit.metrics.poisson_metric import Poisson
    from nnkit.metrics.precision_at_recall_metric import PrecisionAtRecall
    from nnkit.metrics.precision_metric import Precision
    from nnkit.metrics.r2_score_metric import R2Score
    from nnkit.metrics.recall_at_precision_metric import RecallAtPrecision
    from nnkit.metrics.recall_metric import Recall
    from nnkit.metrics.root_mean_squared_error_metric import RootMeanSquaredError
    from nnkit.metrics.sensitivity_at_specificity_metric import SensitivityAtSpecificity
    from nnkit.metrics.sparse_categorical_accuracy_metric import SparseCategoricalAccuracy
    from nnkit.metrics.sparse_categorical_crossentropy_metric import SparseCategoricalCrossentropy
    from nnkit.metrics.sparse_top_k_categorical_accuracy_metric import SparseTopKCategoricalAccuracy
    from nnkit.metrics.specificity_at_sensitivity_metric import SpecificityAtSensitivity
    from nnkit.metrics.squared_hinge_metric import SquaredHinge
    from nnkit.metrics.sum_metric import Sum
    from nnkit.metrics.top_k_categorical_accuracy_metric import TopKCategoricalAccuracy
    from nnkit.metrics.true_negatives_metric import TrueNegatives
    from nnkit.metrics.true_positives_metric import TruePositives

__all__ = [
    "AUC",
    "KLD",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "FunctionMetric",
    "Hinge",
    "IoU",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanIoU",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "OneHotIoU",
    "OneHotMeanIoU",
    "PearsonCorrelation",
    "Poisson",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "binary_accuracy",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "concordance_correlation",
    "deserialize",
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
    "pearson_correlation",
    "poisson",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]

# Aliases, as in Keras.
mae = MAE = mean_absolute_error
mse = MSE = mean_squared_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
kld = KLD = kullback_leibler_divergence = kl_divergence
logcosh = log_cosh

if not TYPE_CHECKING:  # With a __getattr__, type checkers accept any name.
    __getattr__ = missing(__name__, "metric")
