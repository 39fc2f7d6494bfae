"""ActivityRegularization: a penalty on the input of a layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit.engine.dispatch import launch
from nnkit.layers.base import Layer
from nnkit.regularizers import L1L2, Regularizer

__all__ = ["ActivityRegularization"]


class ActivityRegularization(Layer):
    """Return the input x unchanged, and add ``l1 * sum(|x|) + l2 * sum(x ** 2)`` to the loss.

    The penalty is divided by the batch's size, as in Keras. ``activity_regularizer=`` puts such a
    layer after any other.

    Parameters
    ----------
    l1, l2 : float
        At least 0.
    **options
        Arguments of :class:`Layer`.

    Attributes
    ----------
    regularizer : Regularizer
    penalty : numpy.ndarray
        float64 (1,), the batch's penalty; the graph of layers adds it to the loss.

    Raises
    ------
    TypeError, ValueError
        ``l1`` or ``l2`` is not a number of at least 0.

    Notes
    -----
    The output is the input itself. Backward:
    dx = dy + (l1 sign x + 2 l2 x) / batch.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> layer = nnkit.layers.ActivityRegularization(l1=0.1, l2=0.01)
    >>> layer(np.array([[1.0, -2.0], [3.0, 4.0]]))
    array([[ 1., -2.],
           [ 3.,  4.]], dtype=float32)
    >>> layer.penalty
    array([0.65])
    """

    recordable = True
    supports_masking = True
    adds_loss = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **options: Any) -> None:
        super().__init__(**options)
        self.regularizer: Regularizer = L1L2(l1, l2)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """Return the input unchanged, and compute the penalty."""
        self.x, self.penalty = x, self.empty((1,), np.float64)
        self.regularizer.penalty(x, self.penalty, 1.0 / len(x))
        return x

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx = dy + the gradient of the penalty."""
        dx = self.empty(dy.shape)
        launch.copy(dy, dx)
        self.regularizer.add_gradient(self.x, dx, 1.0 / len(dx))
        return dx
