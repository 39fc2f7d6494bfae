"""FunctionMetric: a function as a metric."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnkit.metrics.base import Metric
from nnkit.registry import function_name, function_named

__all__ = ["FunctionMetric"]


class FunctionMetric(Metric, wraps_functions=True):
    """Wrap a function of expressions as a metric.

    ``model.compile(..., metrics=[function])`` makes such a metric.

    Parameters
    ----------
    function : callable or str
        As for :class:`nnkit.losses.FunctionLoss`.
    name : str, optional
        By default the function's name.
    dtype : data type, optional
        See :class:`Metric`.

    Raises
    ------
    TypeError, ValueError
        ``function`` is not callable, or no function is registered under that name.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> from nnkit import ops
    >>> bias = nnkit.metrics.FunctionMetric(lambda y_true, y_pred: y_pred - y_true, name="bias")
    >>> bias.update_state(np.array([[1.0], [2.0]]), np.array([[2.0], [4.0]]))
    >>> bias.result()
    1.5
    """

    def __init__(
        self, function: Callable[..., Any] | str, name: str | None = None, dtype: Any = None
    ) -> None:
        self.function = function_named("metric", function)
        super().__init__(dtype, function_name(self.function) if name is None else name)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The function's expression."""
        return self.function(y_true, y_pred)
