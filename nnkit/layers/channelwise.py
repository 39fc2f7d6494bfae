"""Channelwise: the base class of convolutions in which each channel has filters of its own."""

from __future__ import annotations

import numpy as np

from nnkit.engine.dispatch import launch
from nnkit.engine.variable import Variable
from nnkit.layers.convolution import Convolution

__all__ = ["Channelwise"]


class Channelwise(Convolution, abstract=True):
    """A convolution that doesn't add up channels.

    Attributes
    ----------
    depth_multiplier : int
        The number of filters of each channel.
    """

    depth_multiplier: int

    def filter(self, x: np.ndarray, kernel: Variable, bias: Variable | None, y: np.ndarray) -> None:
        """y = (windows of each channel) (its filters) + bias."""
        w, place = self.kernel_4d(kernel.value), self._place(x)
        if bias is None:
            launch.depthwise2d(x, w, *place, y)
        else:
            launch.depthwise2d_bias(x, w, *place, bias.value, y)

    def filter_backward(
        self, x: np.ndarray, kernel: Variable, dy: np.ndarray, dx: np.ndarray | None
    ) -> None:
        """Compute the gradients of the kernel and, unless dx is None, of x."""
        w, place = self.kernel_4d(kernel.value), self._place(x)
        dw = kernel.gradient.reshape(w.shape[0] * w.shape[1], -1)
        launch.depthwise2d_weights(x, dy, w.shape[1], *place, 0, dw)
        if dx is not None:
            launch.depthwise2d_input(dy, w, *place, dx)

    def _place(self, x: np.ndarray) -> tuple[int, ...]:
        return self.place(self.window.before(x.shape[3 - self.rank : 3]))
