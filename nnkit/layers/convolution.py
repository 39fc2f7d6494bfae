"""Convolution: the base class of Conv1D, Conv2D, Conv2DTranspose and DepthwiseConv2D."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.engine.variable import Variable
from nnkit.layers.base import Shape
from nnkit.layers.window import Window, WindowLayer

__all__ = ["Convolution"]


class Convolution(WindowLayer, abstract=True):
    """Base of layers that move a window of weights over an image or a sequence.

    A subclass makes the weights, and launches kernels on images in channels_last.
    """

    kernel: Variable

    def __init__(
        self,
        kernel_size: Any,
        strides: Any,
        padding: Any,
        data_format: Any,
        dilation_rate: Any,
        activation: Any,
        use_bias: Any,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        owner = type(self).__name__
        self.kernel_size = self.sizes("kernel_size", kernel_size)
        self.strides = self.sizes("strides", strides)
        self.dilation_rate = self.sizes("dilation_rate", dilation_rate)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"{owner}: strides {self.strides} and dilation_rate {self.dilation_rate} can't "
                "both be larger than 1; set one of them to 1"
            )
        known = ("valid", "same", "causal") if self.rank == 1 else ("valid", "same")
        self.padding = checks.one_of(owner, "padding", padding, known)
        self.set_data_format(data_format)
        self.activation = activation
        self.use_bias = checks.flag(owner, "use_bias", use_bias)
        self.window = Window(self.kernel_size, self.strides, self.dilation_rate, self.padding)

    def fixed_sizes(self, shape: Shape) -> Shape:
        """The number of channels."""
        _, channels = self.divide(shape)
        return (channels,)

    def add_bias(self, channels: int) -> None:
        """Make the bias, if there is one."""
        self.bias = self.add_weight("bias", (channels,)) if self.use_bias else None

    # --------------------------------------------------------------- what a subclass implements

    @abstractmethod
    def convolve(self, x: np.ndarray, y: np.ndarray) -> None:
        """y = the output for images x."""

    @abstractmethod
    def convolve_backward(self, x: np.ndarray, dy: np.ndarray, dx: np.ndarray | None) -> None:
        """Compute the gradients of the kernel and, unless dx is None, of x."""

    # ------------------------------------------------------------------------------- passes

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """The output, without the activation."""
        self.x = images = self.to_images(x)
        lengths, channels = self.divide(self.compute_output_shape(x.shape))
        y = self.empty((x.shape[0], *self.as_pair(lengths, 1), channels))
        self.convolve(images, y)
        return self.from_images(y)

    def backward(self, dy: np.ndarray) -> np.ndarray | None:
        """Compute the weights' gradients, and return the input's if anyone needs it."""
        dz = self.to_images(dy)
        dx = self.empty(self.x.shape) if self.propagate else None
        self.convolve_backward(self.x, dz, dx)
        if self.bias is not None:
            launch.sum_rows(dz.reshape(-1, dz.shape[-1]), 0, self.bias.gradient)
        return None if dx is None else self.from_images(dx)

    # ------------------------------------------------------------------ arguments of kernels

    def place(self, before: tuple[int, ...]) -> tuple[int, ...]:
        """Strides, padding before the input, and dilation: rows, then columns."""
        return (
            *self.as_pair(self.strides, 1),
            *self.as_pair(before, 0),
            *self.as_pair(self.dilation_rate, 1),
        )

    def kernel_4d(self, array: np.ndarray) -> np.ndarray:
        """The kernel, or its gradient, as (height, width, channels in, channels out)."""
        return array.reshape(*self.as_pair(self.kernel_size, 1), *array.shape[self.rank :])
