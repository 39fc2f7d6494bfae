"""SELU: the scaled exponential linear unit."""

from __future__ import annotations

from nnkit.layers.elementwise import Elementwise

__all__ = ["SELU"]


class SELU(Elementwise):
    """``scale x`` where x > 0, else ``scale alpha (exp(x) - 1)``.

    G. Klambauer et al., 2017, "Self-normalizing neural networks": with scale = 1.0507 and alpha =
    1.6733, many layers keep mean 0 and variance 1. Start kernels with ``"lecun_normal"``.

    Parameters
    ----------
    **options
        Arguments of :class:`Layer`.

    Notes
    -----
    Output of the input's shape. Backward: dx = scale dy where x > 0, else scale alpha e^x dy.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.SELU()(np.array([[-100.0, 0.0, 1.0]])).round(4)
    array([[-1.7581,  0.    ,  1.0507]], dtype=float32)
    """

    function = "elu"
    numbers = (1.6732632423543772, 1.0507009873554805)  # Alpha and the scale.
