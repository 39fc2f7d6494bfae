"""ReLU."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.device import launch
from nnkit.layers.base import Layer

__all__ = ["ReLU"]


class ReLU(Layer):
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

    recordable = True

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

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """y = x limited from both sides."""
        self.x, y = x, self.empty(x.shape)
        launch.relu(x, self.negative_slope, self.max_value, self.threshold, y)
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx = dy where the output followed the input."""
        dx = self.empty(dy.shape)
        launch.relu_backward(dy, self.x, self.negative_slope, self.max_value, self.threshold, dx)
        return dx
