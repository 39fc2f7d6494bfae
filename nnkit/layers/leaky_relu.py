"""LeakyReLU."""

from __future__ import annotations

import math
from typing import Any

from nnkit import checks
from nnkit.layers.elementwise import Elementwise

__all__ = ["LeakyReLU"]


class LeakyReLU(Elementwise):
    """``x`` where x >= 0, else ``negative_slope x``.

    A. L. Maas et al., 2013, "Rectifier nonlinearities improve neural network acoustic models".

    Parameters
    ----------
    negative_slope : float
        At least 0. Keras's default is 0.3 here and 0.2 in ``activation="leaky_relu"``.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        ``negative_slope`` is not a number of at least 0.

    Notes
    -----
    Output of the input's shape. Backward: dx = dy where x >= 0, else negative_slope dy.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.LeakyReLU(0.5)(np.array([[-4.0, 0.0, 2.0]]))
    array([[-2.,  0.,  2.]], dtype=float32)
    """

    function = "relu"
    numbers = ("negative_slope", math.inf, 0.0)

    def __init__(self, negative_slope: float = 0.3, **options: Any) -> None:
        super().__init__(**options)
        self.negative_slope = checks.number(
            "LeakyReLU", "negative_slope", negative_slope, "[0, inf)"
        )
