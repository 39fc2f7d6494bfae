"""Conv3DTranspose."""

from __future__ import annotations

from typing import Any

from nnkit.layers.spreading import Spreading

__all__ = ["Conv3DTranspose"]


class Conv3DTranspose(Spreading):
    """Transposed convolution: each input voxel adds a multiple of the kernel to the output.

    V. Dumoulin and F. Visin, 2016, "A guide to convolution arithmetic for deep learning".

    Parameters
    ----------
    filters : int
        The number of filters: channels of the output.
    kernel_size : int or tuple of int
        Depth, height and width of the part of the output that an input voxel adds to.
    strides : int or tuple of int
        Distance in the output between the parts that neighbouring input voxels add to.
    padding : {"valid", "same"}
        ``"same"``: the output has the input's size times the strides. ``"valid"``: it has all
        voxels that one of the input adds to.
    data_format : {"channels_last", "channels_first"}, optional
    output_padding : int or tuple of int, optional
        Additional elements at the end of each axis, fewer than the strides. An axis of the output
        has (length - 1) stride + kernel length + output_padding of them if "valid", (length - 1)
        stride + kernel length % 2 + output_padding if "same".
    dilation_rate : int or tuple of int
        Distance between the voxels that one of the input adds to. Not together with strides.
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
        (kernel depth, kernel height, kernel width, filters, channels).
    bias : Variable or None
        (filters,).

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Notes
    -----
    x[h, i, j, c] kernel[o, p, q, f, c] is added to y[h stride + o dilation - cut, i stride + p
    dilation - cut, j stride + q dilation - cut, f], where "same" cuts off half of the surplus at
    the beginning. It is a two-dimensional transposed convolution with the filters of all planes,
    whose results are then added up.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> layer = nnkit.layers.Conv3DTranspose(8, 3, strides=2, padding="same")
    >>> layer(np.zeros((1, 2, 7, 7, 16))).shape
    (1, 4, 14, 14, 8)
    """

    rank = 3
    aliases = ("Convolution3DTranspose",)

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, ...],
        strides: int | tuple[int, ...] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        output_padding: int | tuple[int, ...] | None = None,
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
        super().__init__(
            filters=filters,
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            output_padding=output_padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            **options,
        )
