"""HardSigmoid."""

from __future__ import annotations

from typing import Any

from nnkit import checks
from nnkit.layers.elementwise import Elementwise

__all__ = ["HardSigmoid"]


class HardSigmoid(Elementwise):
    """``slope x + 1 / 2``, clipped to [0, 1].

    Parameters
    ----------
    slope : float
        Greater than 0. Keras 3 has 1/6; Keras 1 and 2, and Theano, have 0.2.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        ``slope`` is not a number greater than 0.

    Notes
    -----
    Output of the input's shape. Backward: dx = slope dy where abs(x) < 1 / (2 slope), else 0.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.HardSigmoid()(np.array([[-9.0, 0.0, 1.5]]))
    array([[0.  , 0.5 , 0.75]], dtype=float32)
    """

    function = "hard_sigmoid"
    numbers = ("slope",)

    def __init__(self, slope: float = 1 / 6, **options: Any) -> None:
        super().__init__(**options)
        self.slope = checks.number("HardSigmoid", "slope", slope, "(0, inf)")
