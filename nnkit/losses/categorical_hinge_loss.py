"""CategoricalHinge: of the right class's margin over the others."""

from __future__ import annotations

from typing import Any

from nnkit.losses.base import BuiltInLoss

__all__ = ["CategoricalHinge"]


class CategoricalHinge(BuiltInLoss):
    """``max(max((1 - t) * p) - sum(t * p) + 1, 0)`` of each row; targets are one-hot.

    Parameters
    ----------
    reduction, name, dtype
        See :class:`Loss`.

    Notes
    -----
    Crammer, K., Singer, Y. (2001). On the algorithmic implementation of multiclass kernel-based
    vector machines.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> loss = nnkit.losses.CategoricalHinge()
    >>> round(loss(np.array([[0.0, 1.0]]), np.array([[0.5, 0.4]])), 6)
    1.1
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The value of each row."""
        from nnkit import ops

        right = ops.sum(y_true * y_pred, axis=-1)
        wrong = ops.max((1.0 - y_true) * y_pred, axis=-1)
        return ops.maximum(wrong - right + 1.0, 0.0)
