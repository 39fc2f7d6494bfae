"""RepeatVector."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.base import Layer, Shape

__all__ = ["RepeatVector"]


class RepeatVector(Layer):
    """Repeat a vector n times, as the timesteps of a sequence.

    Parameters
    ----------
    n : int
        At least 1.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        ``n`` is not an integer of at least 1; or, once the input's shape is known, it hasn't two
        axes.

    Notes
    -----
    Input (batch, features), output (batch, n, features). Backward: the sum of dy over the copies.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.RepeatVector(2)(np.array([[1.0, 3.0]]))
    array([[[1., 3.],
            [1., 3.]]], dtype=float32)
    """

    recordable = True

    def __init__(self, n: int, **options: Any) -> None:
        super().__init__(**options)
        self.n = checks.integer("RepeatVector", "n", n)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, n, features)."""
        if len(input_shape) != 2:
            raise ValueError(
                f"layer {self.name!r} (RepeatVector) needs inputs of shape (batch, features), got "
                f"{input_shape}"
            )
        return (input_shape[0], self.n, input_shape[1])

    def build(self, input_shape: Shape) -> None:
        """Check that the input is (batch, features)."""
        self.compute_output_shape(input_shape)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """y[:, t] = x for each of n timesteps t."""
        y = self.empty((x.shape[0], self.n, x.shape[1]))
        launch.repeat(_as_rows(x[:, None]), _as_rows(y))
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx = the sum of dy over the copies."""
        dx = self.empty((dy.shape[0], dy.shape[2]))
        launch.repeat_backward(_as_rows(dy), _as_rows(dx[:, None]))
        return dx


def _as_rows(x: np.ndarray) -> np.ndarray:
    """View (batch, n, features) as images of n rows and one column."""
    batch, n, features = x.shape
    return x.reshape(batch, 1, n, 1, features)
