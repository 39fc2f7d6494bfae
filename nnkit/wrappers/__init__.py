"""Models as estimators of scikit-learn."""

from typing import TYPE_CHECKING

from nnkit.missing import missing
from nnkit.wrappers.estimators import SKLearnClassifier, SKLearnRegressor

__all__ = ["SKLearnClassifier", "SKLearnRegressor"]

if not TYPE_CHECKING:
    __getattr__ = missing(__name__)
