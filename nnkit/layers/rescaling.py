"""Rescaling."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.base import Layer

__all__ = ["Rescaling"]


class Rescaling(Layer):
    """``scale * x + offset``; ``Rescaling(1 / 255)`` brings images to [0, 1].

    Parameters
    ----------
    scale, offset : float
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError
        ``scale`` or ``offset`` is not a number.

    Notes
    -----
    Output of the input's shape. Backward: dx = scale dy.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.Rescaling(0.5, offset=-1)(np.array([[0, 4]]))
    array([[-1., 1.]], dtype=float32)
    """

    recordable = True
    supports_masking = True

    def __init__(self, scale: float, offset: float = 0.0, **options: Any) -> None:
        super().__init__(**options)
        self.scale = checks.number("Rescaling", "scale", scale)
        self.offset = checks.number("Rescaling", "offset", offset)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """y = scale x + offset."""
        y = self.empty(x.shape)
        launch.rescale(x, self.scale, self.offset, y)
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx = scale dy."""
        dx = self.empty(dy.shape)
        launch.scale(dy, self.scale, dx)
        return dx
