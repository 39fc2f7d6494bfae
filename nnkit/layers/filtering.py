"""Filtering: the base class of Conv1D, Conv2D and Conv3D."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks, config
from nnkit.engine.dispatch import launch
from nnkit.kernels.scratch import (
    suits_winograd,
    transposed_scratch,
    weights_scratch,
    windows_scratch,
    winograd_scratch,
    winograd_weights_scratch,
)
from nnkit.layers.base import Shape
from nnkit.layers.convolution import Convolution

__all__ = ["Filtering"]


class Filtering(Convolution, abstract=True):
    """A convolution whose filters see all channels of a window, or those of their group."""

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, ...],
        strides: int | tuple[int, ...] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | tuple[int, ...] = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **options: Any,
    ) -> None:
        window = kernel_size, strides, padding, data_format, dilation_rate
        options["activity_regularizer"] = activity_regularizer
        super().__init__(*window, activation, use_bias, **options)
        owner = type(self).__name__
        self.filters = checks.integer(owner, "filters", filters)
        self.groups = checks.integer(owner, "groups", groups)
        if self.filters % self.groups:
            raise ValueError(
                f"{owner}: {self.groups} groups can't share {self.filters} filters evenly"
            )
        self.plan_weight("kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        self.plan_weight("bias", bias_initializer, bias_regularizer, bias_constraint)

    def build(self, input_shape: Shape) -> None:
        """Make the kernel, and the bias if there is one."""
        self.positions(self.window, input_shape)
        channels = self.known_size(input_shape, self.channel_axis)
        if channels % self.groups:
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}): {self.groups} groups can't share "
                f"the {channels} channels of inputs of shape {input_shape} evenly"
            )
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.kernel = self.add_weight("kernel", shape)
        self.add_bias(self.filters)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """A pixel for each position of the window, a channel for each filter."""
        lengths = self.positions(self.window, input_shape)
        return self.joined(input_shape[0], lengths, self.filters)

    def _before(self, x: np.ndarray) -> tuple[int, ...]:
        return self.window.before(x.shape[-1 - self.rank : -1])

    def _place(self, x: np.ndarray) -> tuple[int, ...]:
        return (*self.place(self._before(x)), self.groups)

    def convolve(self, x: np.ndarray, y: np.ndarray) -> None:
        """y = (windows of x) kernel + bias."""
        self.w = w = self.kernel_4d(self.kernel.value)
        self.seen = seen = self.stacked(x, self._before(x), y.shape[1])
        place, y = self._place(x), self.images(y)
        if suits_winograd(w.shape, place, y.shape, y.dtype):
            plain, with_bias = launch.conv2d_winograd, launch.conv2d_bias_winograd
            shape = winograd_scratch(w.shape, y.shape, config.num_threads())
        else:
            plain, with_bias = launch.conv2d, launch.conv2d_bias
            shape = windows_scratch(seen.shape, w.shape, place, y.shape)
        if self.bias is None:
            plain(seen, w, *place, self.empty(shape), y)
        else:
            with_bias(seen, w, *place, self.bias.value, self.empty(shape), y)

    def convolve_backward(self, x: np.ndarray, dy: np.ndarray, dx: np.ndarray | None) -> None:
        """d kernel = (windows of x)^T dy; dx = the sum over windows of dy kernel^T."""
        w, seen, place, dy = self.w, self.seen, self._place(x), self.images(dy)
        dw = self.of_kernel()
        if suits_winograd(w.shape, place, dy.shape, dy.dtype, of_weights=True):
            scratch = self.empty(winograd_weights_scratch(w.shape, dy.shape, config.num_threads()))
            of_channels = dw.reshape(9, *w.shape[2:]).swapaxes(0, 1)
            launch.conv2d_weights_winograd(seen, dy, w.shape[1], *place, 0, scratch, of_channels)
        else:
            scratch = self.empty(weights_scratch(seen.shape, w.shape, place, dy.shape))
            launch.conv2d_weights(seen, dy, w.shape[1], *place, 0, scratch, dw)
        self.set_gradient(dw)
        if dx is not None:
            stacked = self.empty(seen.shape) if self.rank == 3 else dx
            if suits_winograd(w.shape, place, stacked.shape, dy.dtype):
                transpose = launch.conv2d_transpose_winograd
                shape = winograd_scratch(w.shape, stacked.shape, config.num_threads(), True)
            else:
                transpose = launch.conv2d_transpose
                shape = transposed_scratch(w.shape, place, dy.shape)
            transpose(dy, w, *place, self.empty(shape), stacked)
            if self.rank == 3:
                self.unstack(stacked, self._before(x), dx)
