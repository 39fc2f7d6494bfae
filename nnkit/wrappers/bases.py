"""Base classes of scikit-learn; without it, empty ones: estimators work by themselves, too."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["ClassifierMixin", "Estimator", "RegressorMixin"]


def _base(name: str) -> Any:
    try:
        return getattr(importlib.import_module("sklearn.base"), name)
    except ImportError:
        return type(name, (), {})


Estimator: Any = _base("BaseEstimator")
ClassifierMixin: Any = _base("ClassifierMixin")
RegressorMixin: Any = _base("RegressorMixin")
