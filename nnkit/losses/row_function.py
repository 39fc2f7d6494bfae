"""A function of targets and predictions, as losses and metrics use one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit.checks import is_expression

if TYPE_CHECKING:
    from nnkit.symbolic.differentiable import Differentiable, Owner

__all__ = ["RowFunction"]


class RowFunction:
    """A function of targets and predictions: a value for every row of the predictions.

    Parameters
    ----------
    name : str
        Of the loss or metric.
    function : callable
        ``function(y_true, y_pred)``; see :class:`nnkit.losses.FunctionLoss`.
    """

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name, self.function = name, function
        self._derived: dict[Any, Differentiable] = {}

    def forward(self, owner: Owner, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """The values, (rows,)."""
        arrays = [y_true.reshape(y_pred.shape), y_pred]
        return self._for(y_pred).forward(owner, arrays, hasattr(owner, "backward"))

    def backward(
        self, owner: Owner, y_true: np.ndarray, y_pred: np.ndarray, weights: np.ndarray
    ) -> np.ndarray:
        """The gradient of the weighted sum of the values with respect to ``y_pred``."""
        arrays = [y_true.reshape(y_pred.shape), y_pred]
        return self._for(y_pred).backward(owner, arrays, weights, {1: None})[0]

    def _for(self, y_pred: np.ndarray) -> Differentiable:
        # Imported here because most programs don't need nnkit.symbolic.
        from nnkit.symbolic.differentiable import Differentiable
        from nnkit.symbolic.tensor.variable import TensorType

        axes = [False, *(size == 1 for size in y_pred.shape[1:])]
        kind = TensorType(str(y_pred.dtype), axes)
        if kind not in self._derived:
            self._derived[kind] = Differentiable(
                self.name, self._values, [kind, kind], kind.dtype, [1]
            )
        return self._derived[kind]

    def _values(self, y_true: Any, y_pred: Any) -> Any:
        """What the function returns, as one value for every row."""
        from nnkit.symbolic.tensor.math import cast

        values, axes = self.function(y_true, y_pred), y_pred.ndim
        if not is_expression(values) or values.type.ndim not in (0, axes - 1, axes):
            got = f"{values.type.ndim} axes" if is_expression(values) else repr(values)
            raise ValueError(
                f"{self.name}: the function must return an expression with a value for each row "
                f"({axes - 1} axes), each element ({axes}) or all (0), got {got}"
            )
        values = cast(values, y_pred.dtype)
        if values.type.ndim == axes:
            values = values.mean(axis=-1)
        elif values.type.ndim == 0:
            values = y_pred.zeros_like().sum(axis=-1) + values
        return values.flatten()

    def __getstate__(self) -> dict[str, Any]:
        """Copy and pickle without what was derived from the function."""
        return vars(self) | {"_derived": {}}
