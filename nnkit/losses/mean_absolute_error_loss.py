"""MeanAbsoluteError: the mean of absolute differences, as a loss."""

from __future__ import annotations

from nnkit.losses.rows import RowLoss

__all__ = ["MeanAbsoluteError"]


class MeanAbsoluteError(RowLoss):
    """``mean(abs(p - t))`` of each row.

    Parameters
    ----------
    reduction, name, dtype
        See :class:`Loss`.

    Notes
    -----
    Gradient: sign(p - t) / k, 0 where p = t, for rows of k outputs.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.losses.MeanAbsoluteError()(np.array([[1.0, 2.0]]), np.array([[1.0, 4.0]]))
    1.0
    """

    aliases = ("mae", "MAE")
    kernel = "absolute_error"
