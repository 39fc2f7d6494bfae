"""Exponential."""

from __future__ import annotations

from nnkit.layers.elementwise import Elementwise

__all__ = ["Exponential"]


class Exponential(Elementwise):
    """``exp(x)``.

    Parameters
    ----------
    **options
        Arguments of :class:`Layer`.

    Notes
    -----
    Output of the input's shape. Backward: dx = dy y.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.Exponential()(np.array([[0.0, -1000.0]]))
    array([[1., 0.]], dtype=float32)
    """

    function = "exponential"
    from_output = True
