"""Conv2DTranspose."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.kernels.scratch import transposed_scratch, weights_scratch, windows_scratch
from nnkit.layers.base import Shape
from nnkit.layers.convolution import Convolution
from nnkit.layers.window import fits

__all__ = ["Conv2DTranspose"]


class Conv2DTranspose(Convolution):
    """Transposed convolution: each input pixel adds a multiple of the kernel to the output.

    V. Dumoulin and F. Visin, 2016, "A guide to convolution arithmetic for deep learning".

    Parameters
    ----------
    filters : int
        The number of filters: channels of the output.
    kernel_size : int or tuple of int
        Height and width of the part of the output that an input pixel adds to.
    strides : int or tuple of int
        Distance in the output between the parts that neighbouring input pixels add to.
    padding : {"valid", "same"}
        ``"same"``: the output has the input's size times the strides. ``"valid"``: it has all
        pixels that an input pixel adds to.
    output_padding : int or tuple of int, optional
        Additional rows and columns at the end, fewer than the strides. The output has (height - 1)
        stride + kernel height + output_padding rows if "valid", (height - 1) stride + kernel
        height % 2 + output_padding if "same".
    data_format : {"channels_last", "channels_first"}, optional
    dilation_rate : int or tuple of int
        Distance between the pixels that an input pixel adds to. Not together with strides.
    activation : str or Layer, optional
    use_bias : bool
    kernel_initializer, bias_initializer : str or Initializer
    kernel_regularizer, bias_regularizer, activity_regularizer : str or Regularizer, optional
    kernel_constraint, bias_constraint : str or Constraint, optional
    **options
        Arguments of :class:`Layer`.

    Attributes
    ----------
    kernel : Variable
        (kernel height, kernel width, filters, channels).
    bias : Variable or None
        (filters,).

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Notes
    -----
    x[i, j, c] kernel[p, q, f, c] is added to y[i stride + p dilation - cut, j stride + q dilation -
    cut, f], where "same" cuts off half of the surplus at the beginning.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> layer = nnkit.layers.Conv2DTranspose(8, 3, strides=2, padding="same")
    >>> layer(np.zeros((1, 7, 7, 16))).shape
    (1, 14, 14, 8)
    """

    rank = 2
    aliases = ("Convolution2DTranspose",)

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
                f"layer {self.name!r} (Conv2DTranspose) leaves nothing of inputs of shape "
                f"{input_shape}: the output would be {longer}; use a larger output_padding"
            )
        return self.joined(input_shape[0], longer, self.filters)

    def _place(self) -> tuple[int, ...]:
        return (*self.place(tuple(cut for _, cut in self._ends())), 1)

    def convolve(self, x: np.ndarray, y: np.ndarray) -> None:
        """y = the input gradient of a convolution whose output gradient is x, plus the bias."""
        w, place = self.kernel.value, self._place()
        scratch = self.empty(transposed_scratch(w.shape, place, x.shape))
        if self.bias is None:
            launch.conv2d_transpose(x, w, *place, scratch, y)
        else:
            launch.conv2d_transpose_bias(x, w, *place, self.bias.value, scratch, y)

    def convolve_backward(self, x: np.ndarray, dy: np.ndarray, dx: np.ndarray | None) -> None:
        """d kernel = (windows of dy)^T x; dx = (windows of dy) kernel."""
        w, place = self.kernel.value, self._place()
        dw = self.kernel.gradient.reshape(-1, w.shape[3])
        scratch = self.empty(weights_scratch(dy.shape, w.shape, place, x.shape))
        launch.conv2d_weights(dy, x, w.shape[1], *place, 0, scratch, dw)
        if dx is not None:
            scratch = self.empty(windows_scratch(dy.shape, w.shape, place, x.shape))
            launch.conv2d(dy, w, *place, scratch, dx)
