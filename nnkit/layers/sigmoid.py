"""Sigmoid."""

from __future__ import annotations

import numpy as np

from nnkit.engine.device import launch
from nnkit.layers.base import Layer

__all__ = ["Sigmoid"]


class Sigmoid(Layer):
    """``1 / (1 + exp(-x))``, from 0 to 1.

    Parameters
    ----------
    **options
        Those of :class:`Layer`.

    Notes
    -----
    Output of the input's shape. Backward: dx = dy y (1 - y).

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.Sigmoid()(np.array([[0.0, 100.0]]))
    array([[0.5, 1. ]], dtype=float32)
    """

    recordable = True

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """y = 1 / (1 + e^-x)."""
        self.y = y = self.empty(x.shape)  # Another thread may set self.y in the meantime.
        launch.sigmoid(x, y)
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx = dy y (1 - y)."""
        dx = self.empty(dy.shape)
        launch.sigmoid_backward(dy, self.y, dx)
        return dx
