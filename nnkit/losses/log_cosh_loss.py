"""LogCosh: the logarithm of the hyperbolic cosine of differences."""

from __future__ import annotations

import math
from typing import Any

from nnkit.losses.base import BuiltInLoss

__all__ = ["LogCosh"]


class LogCosh(BuiltInLoss):
    """``mean(log(cosh(p - t)))`` of each row: near 0 half a square, further away an absolute value.

    Parameters
    ----------
    reduction, name, dtype
        See :class:`Loss`.

    Notes
    -----
    With e = p - t it is e + log(1 + exp(-2 e)) - log(2), in which nothing overflows. Gradient:
    tanh(e) / k, for rows of k outputs.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> loss = nnkit.losses.LogCosh()
    >>> round(loss(np.array([[1.0, 2.0]]), np.array([[1.5, 4.0]])), 6)
    0.722559
    """

    aliases = ("logcosh",)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The mean over each row."""
        from nnkit import ops

        error = y_pred - y_true
        return ops.mean(error + ops.softplus(-2.0 * error) - math.log(2.0), axis=-1)
