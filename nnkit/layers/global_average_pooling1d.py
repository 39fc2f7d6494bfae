"""GlobalAveragePooling1D."""

from __future__ import annotations

import numpy as np

from nnkit.engine.dispatch import launch
from nnkit.layers.global_pooling import GlobalPooling

__all__ = ["GlobalAveragePooling1D"]


class GlobalAveragePooling1D(GlobalPooling):
    """The mean of each channel of a sequence over the timesteps that are not masked.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
        Inputs are (batch, steps, channels), or (batch, channels, steps).
    keepdims : bool
        Whether the output keeps the axis of timesteps, with length 1.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or the input doesn't have three axes.

    Notes
    -----
    Output (batch, channels); with ``keepdims`` (batch, 1, channels), or (batch, channels, 1).
    A sequence with all timesteps masked gives 0. Backward: each element that is not masked gets an
    equal share of the gradient.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.GlobalAveragePooling1D()(np.ones((2, 5, 3)))
    array([[1., 1., 1.],
           [1., 1., 1.]], dtype=float32)
    """

    rank = 1
    largest = False
    aliases = ("GlobalAvgPool1D",)
    uses_mask = True

    def forward(
        self, x: np.ndarray, training: bool = False, mask: np.ndarray | None = None
    ) -> np.ndarray:
        """The mean over the timesteps that are not masked."""
        self.mask = mask
        if mask is None:
            return super().forward(x, training)
        steps = self.to_images(x)
        self.shape, self.steps = x.shape, steps.shape
        y = self.empty((x.shape[0], steps.shape[3]))
        self.count = count = self.empty((x.shape[0],), np.int32)
        launch.masked_mean(steps[:, 0], mask, y, count)
        return y.reshape(self.compute_output_shape(x.shape))  # type: ignore[arg-type]

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx = dy / (number of timesteps not masked) at these timesteps, else 0."""
        if self.mask is None:
            return super().backward(dy)
        dx = self.empty(self.steps)
        slopes = dy.reshape(len(dy), -1)
        launch.masked_mean_backward(slopes, self.mask, self.count, dx[:, 0])
        return self.from_images(dx)

    def compute_mask(self, x: np.ndarray, mask: np.ndarray | None = None) -> None:
        """None: the output has no timesteps."""
