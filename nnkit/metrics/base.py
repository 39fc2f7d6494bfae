"""Metric: the base class of metrics, and ``get``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nnkit import registry
from nnkit.losses import targets
from nnkit.losses.base import Loss, batch, row_weights
from nnkit.registry import Configurable, resolve, snake_case

__all__ = ["Metric", "deserialize", "get", "serialize"]


class Metric(Configurable):
    """A number for every row of an output, averaged over an epoch.

    A custom metric defines ``forward``, which may use NumPy. If it only launches kernels, set
    ``recordable = True``. Outside of a model, ``update_state``, ``result`` and ``reset_state``
    work as in Keras.

    Parameters
    ----------
    name : str, optional
        The name in logs and history; by default the class's name in snake_case.

    Attributes
    ----------
    direction : {"min", "max", None}
        Whether smaller or larger values are better, for callbacks that look for an improvement.
        With None, these callbacks need their argument ``mode``.
    sparse : bool
        Whether targets are class labels (int32), not one value for every output.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> class Bias(nnkit.metrics.Metric):
    ...     def forward(self, y_true, y_pred):
    ...         return (y_pred - y_true).mean(axis=-1)
    >>> bias = Bias()
    >>> bias.update_state(np.array([[1.0], [2.0]]), np.array([[2.0], [4.0]]))
    >>> bias.result()
    1.5
    """

    kind: ClassVar[str] = "metric"
    needs = ("total",)
    recordable: ClassVar[bool] = False
    sparse: ClassVar[bool] = False
    direction: str | None = None

    def __init__(self, *, name: str | None = None) -> None:
        self.name = snake_case(type(self).__name__) if name is None else name
        self.reset_state()

    def forward(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """The value of every row.

        Parameters
        ----------
        y_true : numpy.ndarray
            (batch, outputs of a sample) in y_pred's type, or labels.
        y_pred : numpy.ndarray
            (batch, ..., k).

        Returns
        -------
        numpy.ndarray
            (rows,), where a row is the last axis of ``y_pred``.
        """
        raise TypeError(f"{type(self).__name__} must define forward(self, y_true, y_pred)")

    def prepare(self, y: Any, output_shape: tuple[int | None, ...]) -> np.ndarray:
        """Check a user's targets, and bring them into the form that batches are gathered from."""
        check = targets.as_labels if self.sparse else targets.as_numbers
        return check(self.name, y, output_shape)

    def target_dtype(self, dtype: str) -> str:
        """The data type of ``y_true`` for predictions of type ``dtype``."""
        return "int32" if self.sparse else dtype

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add the values of a batch.

        Parameters
        ----------
        y_true, y_pred : array
            Arrays with equally many rows; a vector of predictions is n samples of one output.
        sample_weight : array, optional
            (n,).
        """
        values = self.forward(*batch(self, y_true, y_pred)).astype(np.float64)
        if sample_weight is None:
            weights = np.ones(values.size)
        else:
            weights = row_weights(self.name, sample_weight, np.shape(y_pred)[0], values.size)
        self.total += float(values @ weights)
        self.count += float(weights.sum())

    def result(self) -> float:
        """The mean of all values since the last reset, 0 if there are none."""
        return self.total / self.count if self.count else 0.0

    def reset_state(self) -> None:
        """Forget all batches."""
        self.total, self.count = 0.0, 0.0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def get(
    identifier: Any, loss: Loss | None = None, output_shape: tuple[int | None, ...] | None = None
) -> Metric:
    """Find or make a metric from a metric, a name, a configuration, or a function.

    ``"accuracy"`` and ``"acc"`` depend on the targets, as in Keras: SparseCategoricalAccuracy if
    the loss takes labels, BinaryAccuracy for a single output, otherwise CategoricalAccuracy. The
    metric then has the name that was given.

    Parameters
    ----------
    identifier : Metric, str, dict or callable
        For example ``"accuracy"``. A function becomes a :class:`FunctionMetric`.
    loss : Loss, optional
        The model's loss, which decides on the form of the targets.
    output_shape : tuple, optional
        Shape of the model's output, batch first.

    Returns
    -------
    Metric

    Raises
    ------
    ValueError
        No metric has that name, or the metric takes other targets than the loss.
    TypeError
        ``identifier`` has another type.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.metrics.get("accuracy", output_shape=(None, 1))
    <BinaryAccuracy name=accuracy>
    """
    name = identifier
    if isinstance(identifier, str) and identifier.lower() in ("accuracy", "acc"):
        identifier = _accuracy(loss, output_shape)
    metric: Metric = resolve("metric", identifier)
    if isinstance(name, str):
        metric.name = name
    if loss is not None and loss.sparse != metric.sparse:
        needs = {True: "class numbers", False: "one value for every output"}
        raise ValueError(
            f"metric {metric.name!r} takes targets that are {needs[metric.sparse]}, but the loss "
            f"{loss.name!r} takes {needs[loss.sparse]}"
        )
    return metric


def _accuracy(loss: Loss | None, output_shape: tuple[int | None, ...] | None) -> str:
    if loss is not None and loss.sparse:
        return "SparseCategoricalAccuracy"
    if output_shape is not None and output_shape[-1] == 1:
        return "BinaryAccuracy"
    return "CategoricalAccuracy"


def serialize(metric: Any) -> Any:
    """Describe a metric by plain data, from which :func:`deserialize` makes an equal one.

    A registered function is described by its name.
    """
    return registry.serialize("metric", metric)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Make a metric of a description or a name.

    Parameters
    ----------
    config : dict or str
    custom_objects : dict, optional
        Further classes and functions by name.
    """
    return registry.deserialize("metric", config, custom_objects)
