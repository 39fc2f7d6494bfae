"""Spreading: the base class of transposed convolutions."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.layers.base import Shape
from nnkit.layers.convolution import Convolution
from nnkit.layers.window import fits
from nnkit.layers.window_products import convolve, convolve_transposed, gradient_of_kernel

__all__ = ["Spreading"]


class Spreading(Convolution, abstract=True):
    """A convolution the other way round: each input pixel adds a multiple of the kernel to y."""

    may_be_causal = False

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, ...],
        strides: int | tuple[int, ...] = 1,
        padding: str = "valid",
        output_padding: int | tuple[int, ...] | None = None,
        data_format: str | None = None,
        dilation_rate: int | tuple[int, ...] = 1,
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
        self.output_padding = None
        if output_padding is not None:
            self.output_padding = self.sizes("output_padding", output_padding, low=0)
            if any(p >= s for p, s in zip(self.output_padding, self.strides, strict=True)):
                raise ValueError(
                    f"{owner}: output_padding {self.output_padding} must be smaller than the "
                    f"strides {self.strides}"
                )
        self.plan_weight("kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        self.plan_weight("bias", bias_initializer, bias_regularizer, bias_constraint)

    def build(self, input_shape: Shape) -> None:
        """Make the kernel, and the bias if there is one."""
        self.compute_output_shape(input_shape)
        channels = self.known_size(input_shape, self.channel_axis)
        self.kernel = self.add_weight("kernel", (*self.kernel_size, self.filters, channels))
        self.add_bias(self.filters)

    def _ends(self) -> list[tuple[int, int]]:
        """What an axis's last pixel adds to its length, and the elements cut off before the first.

        As in Keras, the surplus with "same" is computed as JAX computes a convolution's padding.
        """
        extra = self.output_padding or (None,) * self.rank
        axes = []
        for span, stride, more in zip(self.window.span(), self.strides, extra, strict=True):
            if self.padding == "valid":
                axes.append((span + (max(stride - span, 0) if more is None else more), 0))
                continue
            added = stride if more is None else span % 2 + more
            axes.append((added, span - 1 - min((added + span - 1) // 2, span - 1)))
        return axes

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape enlarged by the strides, with a channel for each filter."""
        lengths, _ = self.divide(input_shape)
        longer = tuple(
            None if n is None else (n - 1) * stride + added
            for n, stride, (added, _) in zip(lengths, self.strides, self._ends(), strict=True)
        )
        if not fits(longer):
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}) leaves nothing of inputs of shape "
                f"{input_shape}: the output would be {longer}; use a larger output_padding"
            )
        return self.joined(input_shape[0], longer, self.filters)

    def _cut(self) -> tuple[int, ...]:
        return tuple(cut for _, cut in self._ends())

    def _place(self) -> tuple[int, ...]:
        return (*self.place(self._cut()), 1)

    def convolve(self, x: np.ndarray, y: np.ndarray) -> None:
        """y = the input gradient of a convolution whose output gradient is x, plus the bias."""
        self.w = w = self.kernel_4d(self.kernel.value)
        place, pixels = self._place(), self.images(x)
        bias = None if self.bias is None else self.bias.value
        if self.rank == 3:
            stacked = self.empty((len(pixels), *y.shape[2:4], w.shape[2]))
            convolve_transposed(self.empty, pixels, w, place, None, stacked)
            self.unstack(stacked, self._cut(), y, bias)
        else:
            convolve_transposed(self.empty, pixels, w, place, bias, y)

    def convolve_backward(self, x: np.ndarray, dy: np.ndarray, dx: np.ndarray | None) -> None:
        """d kernel = (windows of dy)^T x; dx = (windows of dy) kernel."""
        w, place, dw = self.w, self._place(), self.of_kernel()
        seen, pixels = self.stacked(dy, self._cut(), x.shape[1]), self.images(x)
        gradient_of_kernel(self.empty, seen, pixels, w.shape, place, dw)
        self.set_gradient(dw)
        if dx is not None:
            convolve(self.empty, seen, w, place, None, self.images(dx))
