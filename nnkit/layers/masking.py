"""Masking."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.base import Layer, Shape
from nnkit.layers.nodes import Placeholder, operate

__all__ = ["Masking"]


class Masking(Layer):
    """Mask the timesteps of a sequence in which every feature equals ``mask_value``.

    The layers that follow use the mask or pass it on: recurrent layers skip masked timesteps, and
    the loss does not count them.

    Parameters
    ----------
    mask_value : float
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        ``mask_value`` is not a number; or, once it is known, the input is not of shape
        (batch, steps, features).

    Notes
    -----
    Output of the input's shape, 0 at masked timesteps; the mask, bool (batch, steps), is False at
    these. Backward: dx = dy, but 0 at masked timesteps.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> x = np.array([[[1.0, 2.0], [0.0, 3.0], [0.0, 0.0]]])
    >>> model = nnkit.Sequential([nnkit.layers.Masking(), nnkit.layers.SimpleRNN(3)])
    >>> bool((model(x) == model.layers[1](x[:, :2])).all())
    True
    """

    recordable = True
    makes_mask = True

    def __init__(self, mask_value: float = 0.0, **options: Any) -> None:
        super().__init__(**options)
        self.mask_value = checks.number("Masking", "mask_value", mask_value)

    def build(self, input_shape: Shape) -> None:
        """Check that the input is (batch, steps, features)."""
        self.compute_output_shape(input_shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The same."""
        if len(input_shape) != 3:
            raise ValueError(
                f"layer {self.name!r} (Masking) needs inputs of shape (batch, steps, features), "
                f"got {input_shape}"
            )
        return input_shape

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """y = x, but 0 at masked timesteps; compute the mask."""
        y, self.mask = self.empty(x.shape), self.empty(x.shape[:2], bool)
        rows = x.reshape(-1, x.shape[2])
        launch.mask_steps(rows, self.mask_value, y.reshape(rows.shape), self.mask.reshape(-1))
        return y

    def compute_mask(self, x: Any, mask: Any = None) -> Any:
        """The mask that ``forward`` computed; for placeholders, what it will compute."""
        if isinstance(x, Placeholder):
            return operate("any", operate("not_equal", x, self.mask_value), axis=-1)
        return self.mask

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx = dy, but 0 at masked timesteps."""
        dx = self.empty(dy.shape)
        rows = dy.reshape(-1, dy.shape[2])
        launch.keep_steps(rows, self.mask.reshape(-1), dx.reshape(rows.shape))
        return dx
