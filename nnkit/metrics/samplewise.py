"""Values of samples, from values of any shape and weights: what Mean and Sum add up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nnkit.checks import is_expression
from nnkit.conversion import to_numpy

__all__ = ["refuse_targets", "samplewise"]


def samplewise(
    owner: str, values: Any, sample_weight: Any, reduce: Callable[..., Any]
) -> tuple[np.ndarray, np.ndarray | None]:
    """The weighted value of each sample, and its weight.

    Parameters
    ----------
    owner : str
        Name of the metric, for errors.
    values : array, float or expression without variables
    sample_weight : array or float, optional
        Of fewer axes than values, then of their first ones.
    reduce : callable
        ``numpy.mean`` or ``numpy.sum``: what the other axes become.

    Returns
    -------
    values : numpy.ndarray
        float64.
    weights : numpy.ndarray or None

    Raises
    ------
    ValueError
        The weights' shape is not that of the values' first axes.
    """
    found = to_numpy(values.eval() if is_expression(values) else values, f"{owner}: values")
    found = found.astype(np.float64)
    weights = None
    if sample_weight is not None:
        given = sample_weight.eval() if is_expression(sample_weight) else sample_weight
        weights = to_numpy(given, f"{owner}: sample_weight").astype(np.float64)
        if weights.ndim == found.ndim + 1 and weights.shape[-1] == 1:
            weights = weights[..., 0]
        found = _of_first_axes(found, weights.ndim, reduce)
        try:
            weights = np.broadcast_to(weights, found.shape)
        except ValueError:
            raise ValueError(
                f"{owner}: sample_weight has shape {weights.shape}, but values {found.shape}"
            ) from None
        found, weights = found * weights, _of_first_axes(weights, 1, reduce)
    return _of_first_axes(found, 1, reduce), weights


def _of_first_axes(array: np.ndarray, count: int, reduce: Callable[..., Any]) -> np.ndarray:
    return np.asarray(reduce(array, axis=tuple(range(count, max(count, array.ndim)))))


def refuse_targets(metric: Any, cls: type) -> None:
    """Refuse a metric of values in ``compile``, unless it is derived for targets.

    Raises
    ------
    TypeError
    """
    if type(metric).update_state is cls.update_state:  # type: ignore[attr-defined]
        raise TypeError(
            f"{metric.name}: {cls.__name__} takes values, but a model gives its metrics targets "
            "and predictions: derive a class whose update_state(self, y_true, y_pred, "
            "sample_weight) computes values of them, or call it with values outside of a model"
        )
