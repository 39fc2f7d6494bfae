"""Tanh."""

from __future__ import annotations

import numpy as np

from nnkit.engine.dispatch import launch
from nnkit.layers.base import Layer

__all__ = ["Tanh"]


class Tanh(Layer):
    """``tanh(x)``, from -1 to 1.

    Parameters
    ----------
    **options
        Arguments of :class:`Layer`.

    Notes
    -----
    Output of the input's shape. Backward: dx = dy (1 - y^2).

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.Tanh()(np.array([[0.0, 100.0]]))
    array([[0., 1.]], dtype=float32)
    """

    recordable = True
    supports_masking = True

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """y = tanh x."""
        self.y = y = self.empty(x.shape)  # Another thread may set self.y in the meantime.
        launch.tanh(x, y)
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx = dy (1 - y^2)."""
        dx = self.empty(dy.shape)
        launch.tanh_backward(dy, self.y, dx)
        return dx
