"""ReLU."""

from __future__ import annotations

import math
from typing import Any

from nnkit import checks
from nnkit.layers.elementwise import Elementwise

__all__ = ["ReLU"]


class ReLU(Elementwise):
    """``max(x, 0)``, and Keras's generalisation of it.

    Parameters
    ----------
    max_value : float, optional
        What the output is limited to, from 0 on; None: nothing.
    negative_slope : float
        Slope below the threshold, from 0 on.
    threshold : float
        Where the positive part begins, from 0 on.
    **options
        Those of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument is no number from 0 on.

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

    def numbers(self) -> tuple[float, ...]:
        """The slope, the maximum and the threshold."""
        return self.negative_slope, self.max_value, self.threshold
