"""Mish."""

from __future__ import annotations

from nnkit.layers.elementwise import Elementwise

__all__ = ["Mish"]


class Mish(Elementwise):
    """``x tanh(log(1 + exp(x)))``.

    D. Misra, 2019, "Mish: a self regularized non-monotonic activation function".

    Parameters
    ----------
    **options
        Arguments of :class:`Layer`.

    Notes
    -----
    Output of the input's shape. With n = (1 + e^x)^2 - 1 it is x n / (n + 2). Backward:
    dx = dy (n / (n + 2) + 4 x e^x (1 + e^x) / (n + 2)^2).

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.Mish()(np.array([[-1.0, 0.0, 100.0]])).round(4)
    array([[ -0.3034,   0.    , 100.    ]], dtype=float32)
    """

    function = "mish"
