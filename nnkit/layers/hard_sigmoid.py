"""HardSigmoid."""

from __future__ import annotations

from nnkit.layers.elementwise import Elementwise

__all__ = ["HardSigmoid"]


class HardSigmoid(Elementwise):
    """``x / 6 + 1 / 2``, limited to 0 to 1.

    Parameters
    ----------
    **options
        Those of :class:`Layer`.

    Notes
    -----
    Output of the input's shape. Backward: dx = dy / 6 where -3 < x < 3, else 0.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.HardSigmoid()(np.array([[-9.0, 0.0, 1.5]]))
    array([[0.  , 0.5 , 0.75]], dtype=float32)
    """

    function = "hard_sigmoid"
