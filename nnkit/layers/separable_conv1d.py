"""SeparableConv1D."""

from __future__ import annotations

from nnkit.layers.separable import Separable

__all__ = ["SeparableConv1D"]


class SeparableConv1D(Separable):
    """Convolve each channel with filters of its own, then mix the channels of each timestep.

    It has fewer weights than :class:`Conv1D`. F. Chollet, 2017, "Xception: deep learning with
    depthwise separable convolutions".

    Parameters
    ----------
    filters : int
        The number of channels of the output.
    kernel_size, strides, padding, data_format, dilation_rate
        As in :class:`Conv1D`.
    depth_multiplier : int
        The number of filters of each channel.
    activation, use_bias
        As in :class:`Conv1D`.
    depthwise_initializer, pointwise_initializer, bias_initializer : str or Initializer
    depthwise_regularizer, pointwise_regularizer : str or Regularizer, optional
    bias_regularizer, activity_regularizer : str or Regularizer, optional
    depthwise_constraint, pointwise_constraint, bias_constraint : str or Constraint, optional
    **options
        Arguments of :class:`Layer`.

    Attributes
    ----------
    depthwise_kernel : Variable
        (kernel_size, channels, depth_multiplier).
    pointwise_kernel : Variable
        (1, channels * depth_multiplier, filters).
    bias : Variable or None
        (filters,).

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, once the input's shape is known, the window is
        larger than the input.

    Notes
    -----
    z[j, c m + d] = the sum over q of x[j strides + q dilation_rate - before, c]
    depthwise_kernel[q, c, d], where m = depth_multiplier; y[j] = z[j] pointwise_kernel[0] + bias.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> layer = nnkit.layers.SeparableConv1D(16, 3, padding="same")
    >>> layer(np.zeros((1, 28, 3))).shape
    (1, 28, 16)
    >>> [weight.shape for weight in layer.trainable_weights]
    [(3, 3, 1), (1, 3, 16), (16,)]
    """

    rank = 1
    aliases = ("SeparableConvolution1D",)
