"""FunctionLoss: a function as a loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nnkit.losses.base import Loss
from nnkit.losses.row_function import RowFunction
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
    reduction : str
        As in :class:`Loss`.

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

    recordable = True

    def __init__(
        self,
        function: Callable[..., Any] | str,
        name: str | None = None,
        reduction: str = "sum_over_batch_size",
    ) -> None:
        self.function = function_named("loss", function)
        super().__init__(function_name(self.function) if name is None else name, reduction)
        self._rows = RowFunction(self.name, self.function)

    def forward(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """The function's value for every row."""
        self._y_true, self._y_pred = y_true, y_pred
        return self._rows.forward(self, y_true, y_pred)

    def backward(self, weights: np.ndarray) -> np.ndarray:
        """The gradient derived from the function."""
        return self._rows.backward(self, self._y_true, self._y_pred, weights)
