"""ReLU."""

from __future__ import annotations

import math
from typing import Any

from nnkit import checks
from nnkit.layers.elementwise import Elementwise

__all__ = ["ReLU"]


class ReLU(Elementwise):
    """``max(x, 0)``, with Keras's options for a maximum, a slope and a threshold.

    Parameters
    ----------
    max_value : float, optional
        Upper limit of the output, at least 0; None for no limit.
    negative_slope : float
        Slope below the threshold, at least 0.
    threshold : float
        The x at which the output starts to be x, at least 0.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument is not a number of at least 0.

    Notes
    -----
    Output of the input's shape: max_value where x >= max_value, else x where x >= threshold, else
    negative_slope (x - threshold). Backward: dy times 0, 1 or negative_slope.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.ReLU(max_value=6)(np.array([[-1.0, 2.0, 9.0]]))
    array([[0., 2., 6.]], dtype=float32)
    """

    function = "relu"
    numbers = ("negative_slope", "max_value", "threshold")

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        given = math.inf if max_value is None else max_value
        self.max_value = checks.number("ReLU", "max_value", given, "[0, inf]")
        self.negative_slope = checks.number("ReLU", "negative_slope", negative_slope, "[0, inf)")
        self.threshold = checks.number("ReLU", "threshold", threshold, "[0, inf)")
