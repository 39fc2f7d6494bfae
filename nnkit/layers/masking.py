"""Masking."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.device import launch
from nnkit.layers.base import Layer, Shape

__all__ = ["Masking"]


class Masking(Layer):
    """Leaves out the steps of a sequence in which every number is ``mask_value``.

    Layers that follow hand the mask on or use it: recurrent ones pass over such steps, and the
    loss does not count them.

    Parameters
    ----------
    mask_value : float
    **options
        Those of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        ``mask_value`` is no number; or, once it is known, the input is not of shape
        (batch, steps, features).

    Notes
    -----
    Output of the input's shape, 0 in the steps that are left out; its mask, (batch, steps), is
    False there. Backward: dx = dy, and 0 there.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> x = np.array([[[1.0, 2.0], [0.0, 3.0], [0.0, 0.0]]])
    >>> model = nnkit.Sequential([nnkit.layers.Masking(), nnkit.layers.SimpleRNN(3)])
    >>> bool((model(x) == model.layers[1](x[:, :2])).all())
    True
    """

    recordable = True

    def __init__(self, mask_value: float = 0.0, **options: Any) -> None:
        super().__init__(**options)
        self.mask_value = checks.number("Masking", "mask_value", mask_value)

    @property
    def makes_mask(self) -> bool:
        """It is what the layer is for."""
        return True

    def build(self, input_shape: Shape) -> None:
        """See that there are steps."""
        if len(input_shape) != 3:
            raise ValueError(
                f"layer {self.name!r} (Masking) needs inputs of shape (batch, steps, features), "
                f"got {input_shape}"
            )

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """y = x, 0 where all of a step is the value; the mask."""
        y, self.mask = self.empty(x.shape), self.empty(x.shape[:2], bool)
        rows = x.reshape(-1, x.shape[2])
        launch.mask_steps(rows, self.mask_value, y.reshape(rows.shape), self.mask.reshape(-1))
        return y

    def compute_mask(self, x: np.ndarray, mask: np.ndarray | None) -> np.ndarray | None:
        """What ``forward`` found."""
        return self.mask

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx = dy, 0 where all of a step is the value."""
        dx = self.empty(dy.shape)
        rows = dy.reshape(-1, dy.shape[2])
        launch.keep_steps(rows, self.mask.reshape(-1), dx.reshape(rows.shape))
        return dx
