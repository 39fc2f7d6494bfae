"""MeanMetricWrapper: a function with arguments as a metric."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnkit.metrics.base import Metric
from nnkit.registry import function_name, function_named

__all__ = ["MeanMetricWrapper"]


class MeanMetricWrapper(Metric):
    """The mean of a function's values over rows.

    Parameters
    ----------
    fn : callable or str
        ``fn(y_true, y_pred, **arguments)``; see :class:`nnkit.losses.FunctionLoss`. All arguments
        of other names are the function's.
    name : str, optional
        By default the function's name.
    dtype : data type, optional
        See :class:`Metric`.

    Raises
    ------
    TypeError, ValueError
        ``fn`` is not callable, or no function is registered under that name.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> metric = nnkit.metrics.MeanMetricWrapper(nnkit.losses.huber, delta=0.5)
    >>> metric.update_state(np.array([[1.0, 2.0]]), np.array([[1.5, 4.0]]))
    >>> round(metric.result(), 6)
    0.5
    """

    def __init__(
        self,
        fn: Callable[..., Any] | str,
        name: str | None = None,
        dtype: Any = None,
        **arguments: Any,
    ) -> None:
        self.fn, self.arguments = function_named("metric", fn), arguments
        super().__init__(dtype, function_name(self.fn) if name is None else name)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The function's expression."""
        return self.fn(y_true, y_pred, **self.arguments)
