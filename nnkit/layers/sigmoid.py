"""Sigmoid."""

from __future__ import annotations

from nnkit.layers.elementwise import Elementwise

__all__ = ["Sigmoid"]


class Sigmoid(Elementwise):
    """``1 / (1 + exp(-x))``, from 0 to 1.

    Parameters
    ----------
    **options
        Arguments of :class:`Layer`.

    Notes
    -----
    Output of the input's shape. Backward: dx = dy y (1 - y).

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.Sigmoid()(np.array([[0.0, 100.0]]))
    array([[0.5, 1. ]], dtype=float32)
    """

    function = "sigmoid"
    from_output = True
