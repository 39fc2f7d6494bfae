"""Softsign."""

from __future__ import annotations

from nnkit.layers.elementwise import Elementwise

__all__ = ["Softsign"]


class Softsign(Elementwise):
    """``x / (1 + |x|)``, from -1 to 1.

    Parameters
    ----------
    **options
        Arguments of :class:`Layer`.

    Notes
    -----
    Output of the input's shape. Backward: ``dx = dy / (1 + abs(x)) ** 2``.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.Softsign()(np.array([[-1.0, 0.0, 3.0]]))
    array([[-0.5 ,  0.  ,  0.75]], dtype=float32)
    """

    function = "softsign"
