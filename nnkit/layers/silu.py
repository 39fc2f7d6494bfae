"""SiLU: the sigmoid linear unit, or swish."""

from __future__ import annotations

from nnkit.layers.elementwise import Elementwise

__all__ = ["SiLU"]


class SiLU(Elementwise):
    """``x sigmoid(x)``, also called swish.

    S. Elfwing et al., 2017, "Sigmoid-weighted linear units for neural network function
    approximation in reinforcement learning".

    Parameters
    ----------
    **options
        Arguments of :class:`Layer`.

    Notes
    -----
    Output of the input's shape. Backward, with s = sigmoid(x): dx = dy (s + x s (1 - s)).

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.SiLU()(np.array([[-1.0, 0.0, 100.0]])).round(4)
    array([[ -0.2689,   0.    , 100.    ]], dtype=float32)
    """

    function = "silu"
