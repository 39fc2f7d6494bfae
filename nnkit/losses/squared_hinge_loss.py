"""SquaredHinge: the square of the hinge loss."""

from __future__ import annotations

from typing import Any

from nnkit.losses.base import BuiltInLoss
from nnkit.losses.formulas import signs

__all__ = ["SquaredHinge"]


class SquaredHinge(BuiltInLoss):
    """``mean(max(1 - t * p, 0) ** 2)`` of each row; targets are -1 and 1.

    Parameters
    ----------
    reduction, name, dtype
        See :class:`Loss`.

    Notes
    -----
    Targets that are all 0 or 1 count as -1 and 1; this is decided for each batch, as in Keras.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> loss = nnkit.losses.SquaredHinge()
    >>> round(loss(np.array([[-1.0, 1.0]]), np.array([[0.5, 0.4]])), 6)
    1.305
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The mean over each row."""
        from nnkit import ops

        return ops.mean(ops.square(ops.maximum(1.0 - signs(y_true) * y_pred, 0.0)), axis=-1)
