"""Keras 2's estimators: a function that makes a model, in scikit-learn's cross-validation."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nnkit import spellings
from nnkit.arguments import did_you_mean
from nnkit.callbacks import History
from nnkit.models import Model, Sequential
from nnkit.utils import to_categorical
from nnkit.wrappers.bases import ClassifierMixin, Estimator, RegressorMixin

__all__ = ["BaseWrapper", "KerasClassifier", "KerasRegressor"]

# What the parameters of an estimator may be, besides those of its build_fn: arguments of these.
_METHODS = Sequential.fit, Sequential.predict, Sequential.predict_classes, Sequential.evaluate


class BaseWrapper(Estimator):
    """What both estimators have in common.

    Parameters
    ----------
    build_fn : callable, optional
        Makes a compiled model: a function, or an object with ``__call__``. By default the
        estimator's own ``__call__``, which a class derived from it defines.
    **sk_params
        Arguments of ``build_fn``, and of ``fit``, ``evaluate`` and ``predict`` of the model, such
        as ``epochs`` and ``batch_size``. scikit-learn may change them.

    Raises
    ------
    ValueError
        A parameter is none of these.
    """

    def __init__(self, build_fn: Callable[..., Model] | None = None, **sk_params: Any) -> None:
        self.build_fn = build_fn
        self.sk_params = sk_params
        self.check_params(sk_params)

    def check_params(self, params: Mapping[str, Any]) -> None:
        """Refuse parameters that neither ``build_fn`` nor the model's methods take.

        Raises
        ------
        ValueError
        """
        made = inspect.signature(self._build).parameters.values()
        if any(p.kind is p.VAR_KEYWORD for p in made):
            return
        known = {p.name for p in made} | {n for f in _METHODS for n in _names(f)} - {"self"}
        for name in params:
            if name not in known:
                raise ValueError(
                    f"{type(self).__name__}: {name!r} is neither an argument of build_fn nor of "
                    f"fit, evaluate or predict{did_you_mean(name, known)}"
                )

    @property
    def _build(self) -> Callable[..., Model]:
        if self.build_fn is not None:
            return self.build_fn
        if not callable(self):
            raise ValueError(f"{type(self).__name__} needs build_fn, which makes a compiled model")
        return self.__call__

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters, with ``build_fn``."""
        return {**self.sk_params, "build_fn": self.build_fn}

    def set_params(self, **params: Any) -> BaseWrapper:
        """Change parameters.

        Raises
        ------
        ValueError
            One is unknown.
        """
        params = dict(params)
        self.build_fn = params.pop("build_fn", self.build_fn)
        self.check_params(params)
        self.sk_params.update(params)
        return self

    def filter_sk_params(
        self, fn: Callable[..., Any], override: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The parameters that a function takes.

        Parameters
        ----------
        fn : callable
        override : dict, optional
            Others, and other values.
        """
        names = _names(fn)
        kept = {name: value for name, value in self.sk_params.items() if name in names}
        return kept | dict(override or {})

    def fit(self, x: Any, y: Any, **kwargs: Any) -> History:
        """Make a model and train it.

        Parameters
        ----------
        x, y : array
        **kwargs
            Further arguments of the model's ``fit``.
        """
        made = inspect.signature(self._build).parameters.values()
        options = self.filter_sk_params(self._build)
        if any(p.kind is p.VAR_KEYWORD for p in made):
            methods = {n for f in _METHODS for n in _names(f)}
            options |= {n: v for n, v in self.sk_params.items() if n not in methods}
        self.model: Any = self._build(**options)
        arguments = self.filter_sk_params(Sequential.fit, kwargs)
        history: History = self.model.fit(x, self._targets(y), **arguments)
        return history

    def _targets(self, y: Any) -> Any:
        """y as the loss takes it."""
        y = np.asarray(y)
        name = getattr(self.model.loss, "name", None)
        return to_categorical(y) if name == "categorical_crossentropy" and y.ndim < 2 else y

    def __sklearn_is_fitted__(self) -> bool:
        """Whether there is a model."""
        return hasattr(self, "model")


class KerasClassifier(ClassifierMixin, BaseWrapper):
    """A model that tells classes apart, as a classifier of scikit-learn.

    Parameters
    ----------
    build_fn, **sk_params
        See :class:`BaseWrapper`.

    Attributes
    ----------
    classes_ : numpy.ndarray
        The labels, sorted: numbers or strings.
    model : Model
        That of the last ``fit``.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> def make(units=4):
    ...     layers = [nnkit.layers.Dense(units, "tanh"), nnkit.layers.Dense(2, "softmax")]
    ...     model = nnkit.Sequential([nnkit.Input((1,)), *layers])
    ...     model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    ...     return model
    >>> classifier = KerasClassifier(build_fn=make, units=8, epochs=2, verbose=0)
    >>> _ = classifier.fit(np.arange(4.0)[:, None], ["no", "no", "yes", "yes"])
    >>> classifier.predict_proba(np.zeros((3, 1))).shape
    (3, 2)
    """

    def fit(self, x: Any, y: Any, **kwargs: Any) -> History:
        """Make a model and train it.

        Parameters
        ----------
        x : array
        y : array
            Labels (n,) or (n, 1), or one-hot rows (n, classes).
        **kwargs
            Further arguments of the model's ``fit``.

        Returns
        -------
        History

        Raises
        ------
        ValueError
            y has another shape.
        """
        y = np.asarray(y)
        if y.ndim == 2 and y.shape[1] > 1:
            self.classes_ = np.arange(y.shape[1])
        elif y.ndim == 1 or (y.ndim == 2 and y.shape[1] == 1):
            self.classes_, y = np.unique(y.reshape(-1), return_inverse=True)
        else:
            raise ValueError(f"KerasClassifier: y is (n,) or (n, classes), got shape {y.shape}")
        self.n_classes_ = len(self.classes_)
        return super().fit(x, y, **kwargs)

    def predict(self, x: Any, **kwargs: Any) -> np.ndarray:
        """The label of each sample, (n,).

        Parameters
        ----------
        x : array
        **kwargs
            Further arguments of the model's ``predict``.
        """
        probabilities = self.predict_proba(x, **kwargs)
        found: np.ndarray = self.classes_[probabilities.argmax(axis=-1)]
        return found

    def predict_proba(self, x: Any, **kwargs: Any) -> np.ndarray:
        """The probability of each class, (n, classes).

        Parameters
        ----------
        x : array
        **kwargs
            Further arguments of the model's ``predict``.
        """
        found = self.model.predict(x, **self.filter_sk_params(Sequential.predict, kwargs))
        return np.hstack([1 - found, found]) if found.shape[1] == 1 else found

    def score(self, x: Any, y: Any, **kwargs: Any) -> float:
        """The accuracy.

        Parameters
        ----------
        x, y : array
        **kwargs
            Further arguments of the model's ``evaluate``.

        Raises
        ------
        ValueError
            The model has no metric ``"accuracy"``; or a label was not there in ``fit``.
        """
        y = np.asarray(y)
        if y.ndim == 1 or y.shape[1] == 1:
            unknown = np.setdiff1d(y, self.classes_)
            if unknown.size:
                raise ValueError(
                    f"KerasClassifier: {unknown.tolist()[0]!r} was not among the labels of fit"
                )
            y = np.searchsorted(self.classes_, y.reshape(-1))
        arguments = self.filter_sk_params(Sequential.evaluate, kwargs)
        if self.model.loss is not None and self._needs_rows():
            y = to_categorical(y, self.n_classes_) if y.ndim == 1 else y
        logs = self.model.evaluate(x, y, **(arguments | {"return_dict": True}))
        for name in ("accuracy", "acc"):
            if name in logs:
                return float(logs[name])
        raise ValueError(
            "KerasClassifier.score: the model has no accuracy; compile it with metrics=['accuracy']"
        )

    def _needs_rows(self) -> bool:
        return getattr(self.model.loss, "name", None) == "categorical_crossentropy"

    def _targets(self, y: Any) -> Any:
        return to_categorical(y, self.n_classes_) if self._needs_rows() and y.ndim < 2 else y


class KerasRegressor(RegressorMixin, BaseWrapper):
    """A model of numbers, as a regressor of scikit-learn.

    Parameters
    ----------
    build_fn, **sk_params
        See :class:`BaseWrapper`.

    Attributes
    ----------
    model : Model
        That of the last ``fit``.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> def make():
    ...     model = nnkit.Sequential([nnkit.Input((1,)), nnkit.layers.Dense(1)])
    ...     model.compile("sgd", "mse")
    ...     return model
    >>> regressor = KerasRegressor(build_fn=make, epochs=3, verbose=0)
    >>> _ = regressor.fit(np.arange(4.0)[:, None], np.arange(4.0))
    >>> regressor.predict(np.zeros((3, 1))).shape
    (3,)
    """

    def predict(self, x: Any, **kwargs: Any) -> np.ndarray:
        """The predictions, without axes of size 1.

        Parameters
        ----------
        x : array
        **kwargs
            Further arguments of the model's ``predict``.
        """
        found = self.model.predict(x, **self.filter_sk_params(Sequential.predict, kwargs))
        return found.reshape([n for i, n in enumerate(found.shape) if i == 0 or n > 1])

    def score(self, x: Any, y: Any, **kwargs: Any) -> float:
        """The negative loss: larger is better.

        Parameters
        ----------
        x, y : array
        **kwargs
            Further arguments of the model's ``evaluate``.
        """
        arguments = self.filter_sk_params(Sequential.evaluate, kwargs) | {"return_dict": True}
        return -float(self.model.evaluate(x, y, **arguments)["loss"])


def _names(function: Callable[..., Any]) -> set[str]:
    """The arguments of a function, also by their old names."""
    names = set(inspect.signature(function).parameters) - {"self", "x", "y"}
    old = spellings.names_of([getattr(function, "__name__", "")])
    return names | {name for name, today in old.items() if today in names}
