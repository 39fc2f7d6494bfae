"""MeanSquaredError: the mean of squared differences, as a loss."""

from __future__ import annotations

from nnkit.losses.rows import RowLoss

__all__ = ["MeanSquaredError"]


class MeanSquaredError(RowLoss):
    """``mean((p - t) ** 2)`` of each row.

    Parameters
    ----------
    reduction, name, dtype
        See :class:`Loss`.

    Notes
    -----
    Gradient: 2 (p - t) / k, for rows of k outputs.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.losses.MeanSquaredError()(np.array([[1.0, 2.0]]), np.array([[1.0, 4.0]]))
    2.0
    """

    aliases = ("mse", "MSE")
    kernel = "squared_error"
