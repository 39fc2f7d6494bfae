"""Conv2DTranspose."""

from __future__ import annotations

from nnkit.layers.spreading import Spreading

__all__ = ["Conv2DTranspose"]


class Conv2DTranspose(Spreading):
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
