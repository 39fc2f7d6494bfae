"""Losses as functions: a value for every row of the predictions, as in ``keras.losses``.

In ``compile(loss=mean_squared_error)``, and in a list of metrics, a function stands for the class
that computes it. In a custom loss it takes expressions and returns one.

Examples
--------
>>> import numpy as np, nnkit
>>> from nnkit.losses import mean_squared_error
>>> mean_squared_error(np.array([[1.0, 2.0], [0.0, 0.0]]), np.array([[1.0, 4.0], [0.0, 1.0]]))
array([2. , 0.5])
>>> def loss(y_true, y_pred):
...     return mean_squared_error(y_true, y_pred) + 0.1 * nnkit.ops.mean(y_pred**2, axis=-1)
>>> float(round(nnkit.losses.get(loss)(np.array([[1.0]]), np.array([[2.0]])), 4))
1.4
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from nnkit.checks import is_expression
from nnkit.conversion import to_numpy
from nnkit.losses.base import Loss, batch
from nnkit.losses.binary_crossentropy_loss import BinaryCrossentropy
from nnkit.losses.categorical_crossentropy_loss import CategoricalCrossentropy
from nnkit.losses.mean_absolute_error_loss import MeanAbsoluteError
from nnkit.losses.mean_squared_error_loss import MeanSquaredError
from nnkit.losses.sparse_categorical_crossentropy_loss import SparseCategoricalCrossentropy
from nnkit.registry import register, stands_for

if TYPE_CHECKING:
    from nnkit.metrics.base import Metric

__all__ = [
    "binary_crossentropy",
    "categorical_crossentropy",
    "computed_by",
    "mean_absolute_error",
    "mean_squared_error",
    "sparse_categorical_crossentropy",
]

F = TypeVar("F", bound=Callable[..., Any])
Tensor = Any  # An array or an expression.

_SMALLEST = 1e-7  # Probabilities are clipped to [_SMALLEST, 1 - _SMALLEST], as in Keras.


def computed_by(cls: type[Loss | Metric], elementwise: bool = False) -> Callable[[F], F]:
    """Combine a formula for expressions and the class that computes it for arrays to a function.

    Parameters
    ----------
    cls : type
        The class that the function stands for and whose arguments follow ``y_true`` and ``y_pred``.
    elementwise : bool
        Whether there is a value for each element, not for each row.
    """

    def decorate(formula: F) -> F:
        signature = inspect.signature(formula)

        @functools.wraps(formula)
        def function(*arguments: Any, **named: Any) -> Tensor:
            try:
                bound = signature.bind(*arguments, **named)
            except TypeError as error:
                raise TypeError(f"{formula.__name__}: {error}") from None
            y_true, y_pred, *_ = bound.args
            if is_expression(y_true) or is_expression(y_pred):
                _check_expressions(cls, formula.__name__, y_true, y_pred)
                return formula(*bound.args, **bound.kwargs)
            options = {k: v for k, v in bound.arguments.items() if k not in ("y_true", "y_pred")}
            return _of_arrays(cls(**options), y_true, y_pred, elementwise)

        stands_for(function, cls)
        if not cls.sparse:  # A FunctionMetric passes expressions, which can't be labels.
            register(function)
        return cast(F, function)

    return decorate


def _check_expressions(cls: type[Loss | Metric], name: str, y_true: Any, y_pred: Any) -> None:
    if cls.sparse:
        raise TypeError(
            f"{name} takes arrays, no expressions: a loss or metric that is a function gets "
            f"targets in the shape of y_pred; give compile {name} itself"
        )
    ranks = np.ndim(y_true), np.ndim(y_pred)
    if ranks[0] != ranks[1]:
        raise ValueError(
            f"{name}: expressions must have as many axes each, got y_true with {ranks[0]} and "
            f"y_pred with {ranks[1]}"
        )


def _of_arrays(owner: Any, y_true: Any, y_pred: Any, elementwise: bool) -> np.ndarray:
    """Compute a loss or metric of each row, in the shape that Keras's functions return."""
    y_true = to_numpy(y_true, f"{owner.name}: y_true")
    y_pred = to_numpy(y_pred, f"{owner.name}: y_pred")
    if y_pred.ndim == 0:
        raise ValueError(f"{owner.name}: y_pred must be an array, got {y_pred!r}")
    single = False
    if y_pred.ndim == 1 and not owner.sparse and y_true.ndim == 2 and y_true.shape[1] == 1:
        y_pred = y_pred[:, None]  # (n,) is taken for (n, 1).
    elif y_pred.ndim == 1:  # A vector is one row.
        single = True
        y_true, y_pred = y_true.reshape(1, *y_true.shape), y_pred[None]
    t, p = batch(owner, y_true, y_pred)
    if elementwise:
        shape = p.shape
        values = owner.forward(t.reshape(-1, 1), p.reshape(-1, 1)).reshape(shape)
    else:
        values = owner.forward(t, p).reshape(p.shape[:-1])
    return cast(np.ndarray, values[0] if single else values)


@computed_by(MeanSquaredError)
def mean_squared_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """``mean((y_pred - y_true) ** 2)`` of each row; see :class:`nnkit.losses.MeanSquaredError`."""
    from nnkit import ops

    return ops.mean(ops.square(y_pred - y_true), axis=-1)


@computed_by(MeanAbsoluteError)
def mean_absolute_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """``mean(abs(y_pred - y_true))`` of each row; see :class:`nnkit.losses.MeanAbsoluteError`."""
    from nnkit import ops

    return ops.mean(ops.abs(y_pred - y_true), axis=-1)


@computed_by(BinaryCrossentropy)
def binary_crossentropy(
    y_true: Tensor,
    y_pred: Tensor,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Mean over each row's elements; see :class:`nnkit.losses.BinaryCrossentropy`."""
    from nnkit import ops

    t = y_true * (1 - label_smoothing) + label_smoothing / 2
    if from_logits:
        return ops.mean(ops.softplus(y_pred) - t * y_pred, axis)
    p = ops.clip(y_pred, _SMALLEST, 1 - _SMALLEST)
    return -ops.mean(t * ops.log(p) + (1 - t) * ops.log(1 - p), axis)


@computed_by(CategoricalCrossentropy)
def categorical_crossentropy(
    y_true: Tensor,
    y_pred: Tensor,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """``-sum(y_true * log(y_pred))``; see :class:`nnkit.losses.CategoricalCrossentropy`."""
    from nnkit import ops

    t = y_true
    if label_smoothing:
        t = t * (1 - label_smoothing) + label_smoothing / ops.sum(ops.ones_like(y_pred), axis, True)
    if from_logits:
        return -ops.sum(t * ops.log_softmax(y_pred, axis), axis)
    p = ops.clip(y_pred / ops.sum(y_pred, axis, True), _SMALLEST, 1 - _SMALLEST)
    return -ops.sum(t * ops.log(p), axis)


@computed_by(SparseCategoricalCrossentropy)
def sparse_categorical_crossentropy(
    y_true: Tensor,
    y_pred: Tensor,
    from_logits: bool = False,
    ignore_class: None = None,
    axis: int = -1,
) -> Tensor:
    """``-log(y_pred[y_true])``; see :class:`nnkit.losses.SparseCategoricalCrossentropy`.

    It takes arrays only, no expressions.
    """
