"""Separable: the base class of SeparableConv1D and SeparableConv2D."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.engine.variable import Variable
from nnkit.layers.base import Shape
from nnkit.layers.channelwise import Channelwise

__all__ = ["Separable"]


class Separable(Channelwise, abstract=True):
    """Filters of each channel, then a product of each pixel's channels with a matrix."""

    depthwise_kernel: Variable
    pointwise_kernel: Variable

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, ...],
        strides: int | tuple[int, ...] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | tuple[int, ...] = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **options: Any,
    ) -> None:
        window = kernel_size, strides, padding, data_format, dilation_rate
        options["activity_regularizer"] = activity_regularizer
        super().__init__(*window, activation, use_bias, **options)
        owner = type(self).__name__
        self.filters = checks.integer(owner, "filters", filters)
        self.depth_multiplier = checks.integer(owner, "depth_multiplier", depth_multiplier)
        self.plan_weight(
            "depthwise", depthwise_initializer, depthwise_regularizer, depthwise_constraint
        )
        self.plan_weight(
            "pointwise", pointwise_initializer, pointwise_regularizer, pointwise_constraint
        )
        self.plan_weight("bias", bias_initializer, bias_regularizer, bias_constraint)

    def build(self, input_shape: Shape) -> None:
        """Make the kernels, and the bias if there is one."""
        self.positions(self.window, input_shape)
        channels = self.known_size(input_shape, self.channel_axis)
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        self.depthwise_kernel = self.add_weight("depthwise_kernel", shape, plan="depthwise")
        shape = (*(1,) * self.rank, channels * self.depth_multiplier, self.filters)
        self.pointwise_kernel = self.add_weight("pointwise_kernel", shape, plan="pointwise")
        self.add_bias(self.filters)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """A pixel for each position of the window, a channel for each filter."""
        lengths = self.positions(self.window, input_shape)
        return self.joined(input_shape[0], lengths, self.filters)

    def convolve(self, x: np.ndarray, y: np.ndarray) -> None:
        """z = (windows of each channel) (its filters); y = z pointwise_kernel + bias."""
        w = _matrix(self.pointwise_kernel.value)
        self.z = z = self.empty((*y.shape[:3], w.shape[0]))
        self.filter(x, self.depthwise_kernel, None, z)
        if self.bias is None:
            launch.matmul(_matrix(z), w, _matrix(y))
        else:
            launch.matmul_bias(_matrix(z), w, self.bias.value, _matrix(y))

    def convolve_backward(self, x: np.ndarray, dy: np.ndarray, dx: np.ndarray | None) -> None:
        """d pointwise_kernel = z^T dy; dz = dy pointwise_kernel^T; then backward to x."""
        slopes = _matrix(dy)
        launch.matmul(_matrix(self.z).T, slopes, _matrix(self.pointwise_kernel.gradient))
        dz = self.empty(self.z.shape)
        launch.matmul(slopes, _matrix(self.pointwise_kernel.value).T, _matrix(dz))
        self.filter_backward(x, self.depthwise_kernel, dz, dx)


def _matrix(array: np.ndarray) -> np.ndarray:
    """View an array as (all other axes, channels)."""
    return array.reshape(array.size // max(array.shape[-1], 1), array.shape[-1])
