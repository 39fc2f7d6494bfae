"""Filtering: the base class of Conv1D, Conv2D and Conv3D."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.layers.base import Shape
from nnkit.layers.convolution import Convolution
from nnkit.layers.window_products import convolve, convolve_transposed, gradient_of_kernel

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
        bias = None if self.bias is None else self.bias.value
        convolve(self.empty, seen, w, self._place(x), bias, self.images(y))

    def convolve_backward(self, x: np.ndarray, dy: np.ndarray, dx: np.ndarray | None) -> None:
        """d kernel = (windows of x)^T dy; dx = the sum over windows of dy kernel^T."""
        w, seen, place, dy = self.w, self.seen, self._place(x), self.images(dy)
        dw = self.of_kernel()
        gradient_of_kernel(self.empty, seen, dy, w.shape, place, dw)
        self.set_gradient(dw)
        if dx is not None:
            stacked = self.empty(seen.shape) if self.rank == 3 else dx
            convolve_transposed(self.empty, dy, w, place, None, stacked)
            if self.rank == 3:
                self.unstack(stacked, self._before(x), dx)
