"""FunctionLoss: a function as a loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnkit.losses.base import Loss
from nnkit.registry import function_name, function_named

__all__ = ["FunctionLoss"]


class FunctionLoss(Loss, wraps_functions=True):
    """Wrap a function of expressions as a loss; its gradient is derived automatically.

    ``model.compile(loss=function)`` makes such a loss.

    Parameters
    ----------
    function : callable or str
        ``function(y_true, y_pred)`` returns an expression made with :mod:`nnkit.ops`: a value for
        each row of ``y_pred``, for each element (then averaged over rows), or for the batch. Both
        arguments have the shape of ``y_pred``. Or the name of a function registered with
        :func:`nnkit.saving.register`.
    name : str, optional
        By default the function's name.
    reduction, dtype
        See :class:`Loss`.

    Raises
    ------
    TypeError, ValueError
        ``function`` is not callable, or no function is registered under that name.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> from nnkit import ops
    >>> def log_cosh(y_true, y_pred):
    ...     return ops.mean(ops.log(ops.cosh(y_pred - y_true)), axis=-1)
    >>> round(nnkit.losses.get(log_cosh)(np.array([[1.0]]), np.array([[2.0]])), 4)
    0.4338
    """

    def __init__(
        self,
        function: Callable[..., Any] | str,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        self.function = function_named("loss", function)
        named = function_name(self.function) if name is None else name
        super().__init__(named, reduction, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The function's expression."""
        return self.function(y_true, y_pred)
