"""Depthwise: the base class of DepthwiseConv1D and DepthwiseConv2D."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.layers.base import Shape
from nnkit.layers.channelwise import Channelwise

__all__ = ["Depthwise"]


class Depthwise(Channelwise, abstract=True):
    """Filters of each channel, and nothing more."""

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

    def convolve(self, x: np.ndarray, y: np.ndarray) -> None:
        """y = (windows of each channel) (its filters) + bias."""
        self.filter(x, self.kernel, self.bias, y)

    def convolve_backward(self, x: np.ndarray, dy: np.ndarray, dx: np.ndarray | None) -> None:
        """Compute the gradients of the kernel and, unless dx is None, of x."""
        self.filter_backward(x, self.kernel, dy, dx)
