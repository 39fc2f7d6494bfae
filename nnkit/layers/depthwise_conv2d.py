"""DepthwiseConv2D."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.base import Shape
from nnkit.layers.convolution import Convolution

__all__ = ["DepthwiseConv2D"]


class DepthwiseConv2D(Convolution):
    """Convolve each channel with filters of its own, without a sum over channels.

    F. Chollet, 2017, "Xception: deep learning with depthwise separable convolutions".

    Parameters
    ----------
    kernel_size, strides, padding
        As in :class:`Conv2D`.
    depth_multiplier : int
        The number of filters of each channel.
    data_format, dilation_rate, activation, use_bias
        As in :class:`Conv2D`.
    depthwise_initializer, bias_initializer : str or Initializer
    depthwise_regularizer, bias_regularizer, activity_regularizer : str or Regularizer, optional
    depthwise_constraint, bias_constraint : str or Constraint, optional
    **options
        Arguments of :class:`Layer`.

    Attributes
    ----------
    kernel : Variable
        (kernel height, kernel width, channels, depth_multiplier).
    bias : Variable or None
        (channels * depth_multiplier,).

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, once the input's shape is known, the window is
        larger than the input.

    Notes
    -----
    y[i, j, c m + d] = bias[c m + d] + the sum over p and q of x[i stride + p dilation - before,
    j stride + q dilation - before, c] kernel[p, q, c, d], where m = depth_multiplier.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.DepthwiseConv2D(3, depth_multiplier=2)(np.zeros((1, 8, 8, 3))).shape
    (1, 6, 6, 6)
    """

    rank = 2

    def __init__(
        self,
        kernel_size: int | tuple[int, ...],
        strides: int | tuple[int, ...] = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: int | tuple[int, ...] = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **options: Any,
    ) -> None:
        window = kernel_size, strides, padding, data_format, dilation_rate
        options["activity_regularizer"] = activity_regularizer
        super().__init__(*window, activation, use_bias, **options)
        owner = type(self).__name__
        self.depth_multiplier = checks.integer(owner, "depth_multiplier", depth_multiplier)
        self.plan_weight(
            "depthwise", depthwise_initializer, depthwise_regularizer, depthwise_constraint
        )
        self.plan_weight("bias", bias_initializer, bias_regularizer, bias_constraint)

    def build(self, input_shape: Shape) -> None:
        """Make the kernel, and the bias if there is one."""
        self.positions(self.window, input_shape)
        channels = self.known_size(input_shape, self.channel_axis)
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        self.kernel = self.add_weight("kernel", shape, plan="depthwise")
        self.add_bias(channels * self.depth_multiplier)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """A pixel for each position of the window, ``depth_multiplier`` channels for each of x."""
        _, channels = self.divide(input_shape)
        lengths = self.positions(self.window, input_shape)
        more = None if channels is None else channels * self.depth_multiplier
        return self.joined(input_shape[0], lengths, more)

    def _place(self, x: np.ndarray) -> tuple[int, ...]:
        return self.place(self.window.before(x.shape[1:3]))

    def convolve(self, x: np.ndarray, y: np.ndarray) -> None:
        """y = (windows of each channel) (its filters) + bias."""
        place = self._place(x)
        if self.bias is None:
            launch.depthwise2d(x, self.kernel.value, *place, y)
        else:
            launch.depthwise2d_bias(x, self.kernel.value, *place, self.bias.value, y)

    def convolve_backward(self, x: np.ndarray, dy: np.ndarray, dx: np.ndarray | None) -> None:
        """Compute the gradients of the kernel and, unless dx is None, of x."""
        w, place = self.kernel.value, self._place(x)
        dw = self.kernel.gradient.reshape(w.shape[0] * w.shape[1], -1)
        launch.depthwise2d_weights(x, dy, w.shape[1], *place, 0, dw)
        if dx is not None:
            launch.depthwise2d_input(dy, w, *place, dx)
