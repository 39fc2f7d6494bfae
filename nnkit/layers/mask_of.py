"""MaskOf: the mask of a value as one more value."""

from __future__ import annotations

import numpy as np

from nnkit.engine.dispatch import launch
from nnkit.layers.base import Layer, Shape

__all__ = ["MaskOf"]


class MaskOf(Layer):
    """Give the mask of its input, for the ``mask`` of a layer's ``call``: bool (batch, steps)."""

    recordable = True
    trusted = True
    uses_mask = True

    @property
    def input_dtype(self) -> None:
        """It takes arrays of any type."""

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, steps)."""
        return input_shape[:2]

    def forward(
        self, x: np.ndarray, training: bool = False, mask: np.ndarray | None = None
    ) -> np.ndarray:
        """The mask; True everywhere if there is none."""
        self.x = x
        y = self.empty(x.shape[:2], np.bool_)
        if mask is None:
            launch.fill(True, y)
        else:
            launch.copy(mask, y)
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """A mask does not depend on the numbers of its input: 0."""
        dx = self.empty(self.x.shape)
        launch.fill(0.0, dx)
        return dx

    def compute_mask(self, x: np.ndarray, mask: np.ndarray | None = None) -> None:
        """A mask has none."""
