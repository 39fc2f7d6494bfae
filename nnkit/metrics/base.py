"""What every metric is."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from nnkit.losses import targets
from nnkit.losses.base import Loss, batch, row_weights
from nnkit.registry import Configurable, resolve, snake_case

__all__ = ["Metric", "get"]


class Metric(Configurable):
    """A number for every row of an output, averaged over an epoch.

    A metric of your own defines ``forward``; with plain NumPy it works at once. One that only
    calls kernels says ``recordable = True``. Outside a model, ``update_state``, ``result`` and
    ``reset_state`` work as in Keras.

    Parameters
    ----------
    name : str, optional
        Under which it is reported; by default the class's name in snake_case.

    Attributes
    ----------
    direction : {"min", "max", None}
        Whether less or more is better: what callbacks understand by an improvement. None, unless a
        class says it: then they need to be told by ``mode=``.
    sparse : bool
        Targets are class numbers (int32), not one value for every output.

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
        """Targets as the user gave them, checked and in the form that a batch is taken from."""
        check = targets.as_labels if self.sparse else targets.as_numbers
        return check(self.name, y, output_shape)

    def target_dtype(self, dtype: str) -> str:
        """Type of ``y_true`` for predictions of type ``dtype``."""
        return "int32" if self.sparse else dtype

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account.

        Parameters
        ----------
        y_true, y_pred : array
            As many rows each; a vector of predictions is n samples of one output.
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
        """The mean since the last reset, 0 if there was nothing."""
        return self.total / self.count if self.count else 0.0

    def reset_state(self) -> None:
        """Forget all batches."""
        self.total, self.count = 0.0, 0.0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def get(
    identifier: Any, loss: Loss | None = None, output_shape: tuple[int | None, ...] | None = None
) -> Metric:
    """A metric from itself, a name, a configuration, or a function.

    ``"accuracy"`` and ``"acc"`` choose by the targets, as in Keras: the sparse one if the loss
    takes labels, the binary one for a single output, otherwise the categorical one. A metric got
    by name keeps that name.

    Parameters
    ----------
    identifier : Metric, str, dict or callable
        For example ``"accuracy"``. A function becomes a :class:`FunctionMetric`.
    loss : Loss, optional
        Of the model; says what form the targets have.
    output_shape : tuple, optional
        Of the model.

    Returns
    -------
    Metric

    Raises
    ------
    ValueError
        No metric has that name, or it takes targets of another form than the loss.
    TypeError
        It is something else.

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
