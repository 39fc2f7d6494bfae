"""Softplus."""

from __future__ import annotations

from nnkit.layers.elementwise import Elementwise

__all__ = ["Softplus"]


class Softplus(Elementwise):
    """``log(1 + exp(x))``.

    Parameters
    ----------
    **options
        Arguments of :class:`Layer`.

    Notes
    -----
    Output of the input's shape, computed as ``max(x, 0) + log(1 + exp(-abs(x)))``, which never
    overflows.
    Backward: dx = dy sigmoid(x).

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.Softplus()(np.array([[-1000.0, 1000.0]]))
    array([[   0., 1000.]], dtype=float32)
    """

    function = "softplus"
