"""SeparableConv2D."""

from __future__ import annotations

from nnkit.layers.separable import Separable

__all__ = ["SeparableConv2D"]


class SeparableConv2D(Separable):
    """Convolve each channel with filters of its own, then mix the channels of each pixel.

    It has fewer weights than :class:`Conv2D`. F. Chollet, 2017, "Xception: deep learning with
    depthwise separable convolutions".

    Parameters
    ----------
    filters : int
        The number of channels of the output.
    kernel_size, strides, padding, data_format, dilation_rate
        As in :class:`Conv2D`.
    depth_multiplier : int
        The number of filters of each channel.
    activation, use_bias
        As in :class:`Conv2D`.
    depthwise_initializer, pointwise_initializer, bias_initializer : str or Initializer
    depthwise_regularizer, pointwise_regularizer : str or Regularizer, optional
    bias_regularizer, activity_regularizer : str or Regularizer, optional
    depthwise_constraint, pointwise_constraint, bias_constraint : str or Constraint, optional
    **options
        Arguments of :class:`Layer`.

    Attributes
    ----------
    depthwise_kernel : Variable
        (kernel height, kernel width, channels, depth_multiplier).
    pointwise_kernel : Variable
        (1, 1, channels * depth_multiplier, filters).
    bias : Variable or None
        (filters,).

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, once the input's shape is known, the window is
        larger than the input.

    Notes
    -----
    z[i, j, c m + d] = the sum over p and q of x[i stride + p dilation - before, j stride +
    q dilation - before, c] depthwise_kernel[p, q, c, d], where m = depth_multiplier; y[i, j] =
    z[i, j] pointwise_kernel[0, 0] + bias.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> layer = nnkit.layers.SeparableConv2D(16, 3, padding="same")
    >>> layer(np.zeros((1, 28, 28, 3))).shape
    (1, 28, 28, 16)
    >>> [weight.shape for weight in layer.trainable_weights]
    [(3, 3, 3, 1), (1, 1, 3, 16), (16,)]
    """

    rank = 2
    aliases = ("SeparableConvolution2D",)
