"""Convolution: the base class of all layers that convolve."""

from __future__ import annotations

import math
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
    """Base of layers that move a window of weights over a sequence, an image or a volume.

    A subclass makes the weights, and launches kernels on images in channels_last. A volume becomes
    images for them, one for each depth of the window, whose channels are those of all planes that
    it sees there: ``stacked``.

    Attributes
    ----------
    kernel : Variable
        (spatial axes, a, b), where a window sees a channels.
    groups : int
        What these channels are divided into.
    """

    kernel: Variable
    groups = 1
    may_be_causal = True

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
        causal = self.rank == 1 and self.may_be_causal
        known = ("valid", "same", "causal") if causal else ("valid", "same")
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
        size = self.at_least_two(lengths, 1)
        y = self.empty((x.shape[0], *size, channels))
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
            *self.at_least_two(self.strides, 1)[-2:],
            *self.at_least_two(before, 0)[-2:],
            *self.at_least_two(self.dilation_rate, 1)[-2:],
        )

    def kernel_4d(self, array: np.ndarray) -> np.ndarray:
        """The kernel as (height, width, a, b), of volumes (height, width, depth a, b)."""
        *size, a, b = array.shape
        if self.rank < 3:
            return array.reshape(*self.at_least_two(size, 1), a, b)
        depth, height, width = size
        exchanged = self.empty((height, width, depth * a, b))
        _exchange(array, depth, height * width, exchanged)
        return exchanged

    def of_kernel(self) -> np.ndarray:
        """Memory for the gradient of what :meth:`kernel_4d` gives, as a matrix with b columns."""
        gradient = self.kernel.gradient
        matrix = gradient.reshape(-1, gradient.shape[-1])
        return matrix if self.rank < 3 else self.empty(matrix.shape)

    def set_gradient(self, dw: np.ndarray) -> None:
        """Set the kernel's gradient from what was written to :meth:`of_kernel`."""
        if self.rank == 3:
            depth, height, width = self.kernel_size
            _exchange(dw, height * width, depth, self.kernel.gradient)

    # ---------------------------------------------------------------------------- volumes

    @staticmethod
    def images(x: np.ndarray) -> np.ndarray:
        """The planes of volumes as images; images as they are."""
        return x.reshape(math.prod(x.shape[:-3]), *x.shape[-3:])

    def stacked(self, x: np.ndarray, before: tuple[int, ...], depth: int) -> np.ndarray:
        """What windows at each of ``depth`` positions see of volumes, as images of many channels.

        Images are what they are.
        """
        if self.rank < 3:
            return x
        batch, _, height, width, channels = x.shape
        stacked = self.empty((batch, depth, height, width, self.kernel_size[0] * channels))
        launch.stack_planes(self._planes(x), *self._along(before), self._stacks(stacked))
        return self.images(stacked)

    def unstack(
        self,
        stacked: np.ndarray,
        before: tuple[int, ...],
        y: np.ndarray,
        bias: np.ndarray | None = None,
    ) -> None:
        """y = the sum of what :meth:`stacked` has of each element, plus the bias of its channel."""
        count, height, width, channels = stacked.shape
        batch = len(y)
        stacks = self._stacks(
            stacked.reshape(batch, count // max(batch, 1), height * width, channels)
        )
        if bias is None:
            launch.add_planes(stacks, *self._along(before), self._planes(y))
        else:
            launch.add_planes_bias(stacks, *self._along(before), bias, self._planes(y))

    def _along(self, before: tuple[int, ...]) -> tuple[int, ...]:
        return self.strides[0], before[0], self.dilation_rate[0]

    def _planes(self, x: np.ndarray) -> np.ndarray:
        """View volumes as (batch, depth, pixels and groups, channels of a group)."""
        batch, depth, height, width, channels = x.shape
        pixels = height * width * self.groups
        return x.reshape(batch, depth, pixels, channels // self.groups)

    def _stacks(self, x: np.ndarray) -> np.ndarray:
        """View them as (batch, positions, pixels and groups, planes, channels of a group)."""
        batch, positions, *pixels, channels = x.shape
        planes = self.kernel_size[0]
        groups = math.prod(pixels) * self.groups
        return x.reshape(batch, positions, groups, planes, channels // planes // self.groups)


def _exchange(array: np.ndarray, first: int, second: int, out: np.ndarray) -> None:
    """out = the array with its first two axes, of these lengths, exchanged."""
    block = array.size // (first * second)
    exchanged = out.reshape(1, 1, second, first, block)
    launch.permute(array.reshape(1, -1), 0, block, second * block, 1, exchanged)
