"""HardSigmoid."""

from __future__ import annotations

from typing import Any

from nnkit import checks
from nnkit.layers.elementwise import Elementwise

__all__ = ["HardSigmoid"]


class HardSigmoid(Elementwise):
    """``slope x + 1 / 2``, limited to 0 to 1.

    Parameters
    ----------
    slope : float
        Above 0. Keras 3's is 1/6; that of Keras 1 and 2, and of Theano, is 0.2.
    **options
        Those of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        ``slope`` is no number above 0.

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

    def __init__(self, slope: float = 1 / 6, **options: Any) -> None:
        super().__init__(**options)
        self.slope = checks.number("HardSigmoid", "slope", slope, "(0, inf)")

    def numbers(self) -> tuple[float, ...]:
        """The slope."""
        return (self.slope,)
