"""Keras 3's estimators: a model in scikit-learn's pipelines and cross-validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nnkit.models import Model, clone_model
from nnkit.utils import to_categorical
from nnkit.wrappers.bases import ClassifierMixin, Estimator, RegressorMixin

__all__ = ["SKLearnClassifier", "SKLearnRegressor"]


class _Estimator(Estimator):
    """What both have in common: making a model and training it."""

    def __init__(
        self,
        model: Model | Callable[..., Model],
        warm_start: bool = False,
        model_kwargs: Mapping[str, Any] | None = None,
        fit_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        self.model, self.warm_start = model, warm_start
        self.model_kwargs, self.fit_kwargs = model_kwargs, fit_kwargs

    def _made(self, x: np.ndarray, y: np.ndarray) -> Model:
        if self.warm_start and hasattr(self, "model_"):
            known: Model = self.model_
            return known
        if isinstance(self.model, Model):
            made = clone_model(self.model)
            if self.model.compiled:
                made.compile_from_config(self.model.get_compile_config())
            if self.model.built:
                made.set_weights(self.model.get_weights())
        else:
            made = self.model(x, y, **(self.model_kwargs or {}))
        if not made.compiled:
            raise RuntimeError(f"{type(self).__name__}: model must be compiled")
        return made

    def _fitted(self, x: Any, y: np.ndarray, options: Mapping[str, Any]) -> Any:
        x = np.asarray(x)
        self.n_features_in_ = int(np.prod(x.shape[1:]))
        self.model_ = self._made(x, y)
        self.history_ = self.model_.fit(x, y, **{**(self.fit_kwargs or {}), **options})
        return self


class SKLearnClassifier(ClassifierMixin, _Estimator):
    """A model that tells classes apart, as a classifier of scikit-learn.

    Parameters
    ----------
    model : Model or callable
        A compiled model, of which each ``fit`` trains a copy; or ``model(X, y, **model_kwargs)``,
        which makes one. Its outputs are one for each class, compared with one-hot rows.
    warm_start : bool
        Whether a further ``fit`` goes on with the same model.
    model_kwargs, fit_kwargs : dict, optional
        Arguments of ``model`` and of the model's ``fit``.

    Attributes
    ----------
    model_ : Model
    history_ : History
    classes_ : numpy.ndarray
        The labels, sorted.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> model = nnkit.Sequential([nnkit.Input((1,)), nnkit.layers.Dense(2, "softmax")])
    >>> model.compile("adam", "categorical_crossentropy")
    >>> classifier = nnkit.wrappers.SKLearnClassifier(model, fit_kwargs={"verbose": 0})
    >>> classifier.fit(np.arange(4.0)[:, None], ["a", "a", "b", "b"]).predict([[0.0]]).shape
    (1,)
    """

    def fit(self, X: Any, y: Any, **kwargs: Any) -> SKLearnClassifier:
        """Train a model; ``kwargs`` are further arguments of its ``fit``."""
        self.classes_, labels = np.unique(np.asarray(y).reshape(-1), return_inverse=True)
        rows = to_categorical(labels, len(self.classes_))
        fitted: SKLearnClassifier = self._fitted(X, rows, kwargs)
        return fitted

    def predict(self, X: Any) -> np.ndarray:
        """The label of each sample."""
        found: np.ndarray = self.classes_[self.predict_proba(X).argmax(axis=-1)]
        return found

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class."""
        found: np.ndarray = self.model_.predict(np.asarray(X))
        return found


class SKLearnRegressor(RegressorMixin, _Estimator):
    """A model of numbers, as a regressor of scikit-learn.

    Parameters
    ----------
    model : Model or callable
        A compiled model, of which each ``fit`` trains a copy; or ``model(X, y, **model_kwargs)``,
        which makes one.
    warm_start : bool
        Whether a further ``fit`` goes on with the same model.
    model_kwargs, fit_kwargs : dict, optional
        Arguments of ``model`` and of the model's ``fit``.

    Attributes
    ----------
    model_ : Model
    history_ : History

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> model = nnkit.Sequential([nnkit.Input((1,)), nnkit.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> regressor = nnkit.wrappers.SKLearnRegressor(model, fit_kwargs={"verbose": 0})
    >>> regressor.fit(np.arange(4.0)[:, None], np.arange(4.0)).predict([[0.0]]).shape
    (1,)
    """

    def fit(self, X: Any, y: Any, **kwargs: Any) -> SKLearnRegressor:
        """Train a model; ``kwargs`` are further arguments of its ``fit``."""
        fitted: SKLearnRegressor = self._fitted(X, np.asarray(y), kwargs)
        return fitted

    def predict(self, X: Any) -> np.ndarray:
        """The predictions, without axes of size 1."""
        found = self.model_.predict(np.asarray(X))
        return found.reshape([n for i, n in enumerate(found.shape) if i == 0 or n > 1])
