"""AddedLoss: what ``add_loss`` adds to the loss of a model."""

from __future__ import annotations

import numpy as np

from nnkit.engine.dispatch import launch
from nnkit.layers.base import Layer

__all__ = ["AddedLoss"]


class AddedLoss(Layer):
    """Add the sum of its input to the loss; it has no output.

    Attributes
    ----------
    penalty : numpy.ndarray
        float64 (1,), after ``forward``.
    """

    recordable = True
    adds_loss = only_adds_loss = True

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """Compute the sum."""
        self.shape, self.penalty = x.shape, self.empty((1,), np.float64)
        launch.penalty_sum(x.reshape(-1), 1.0, self.penalty)
        return self.penalty

    def backward(self, dy: None) -> np.ndarray:
        """dx = 1."""
        dx = self.empty(self.shape)
        launch.fill(1.0, dx)
        return dx

    def compute_mask(self, x: np.ndarray, mask: np.ndarray | None = None) -> None:
        """There is no output, so no mask."""
