"""DepthwiseConv1D."""

from __future__ import annotations

from nnkit.layers.depthwise import Depthwise

__all__ = ["DepthwiseConv1D"]


class DepthwiseConv1D(Depthwise):
    """Convolve each channel with filters of its own, without a sum over channels.

    F. Chollet, 2017, "Xception: deep learning with depthwise separable convolutions".

    Parameters
    ----------
    kernel_size, strides, padding
        As in :class:`Conv1D`.
    depth_multiplier : int
        The number of filters of each channel.
    data_format, dilation_rate, activation, use_bias
        As in :class:`Conv1D`.
    depthwise_initializer, bias_initializer : str or Initializer
    depthwise_regularizer, bias_regularizer, activity_regularizer : str or Regularizer, optional
    depthwise_constraint, bias_constraint : str or Constraint, optional
    **options
        Arguments of :class:`Layer`.

    Attributes
    ----------
    kernel : Variable
        (kernel_size, channels, depth_multiplier).
    bias : Variable or None
        (channels * depth_multiplier,).

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, once the input's shape is known, the window is
        larger than the input.

    Notes
    -----
    y[j, c m + d] = bias[c m + d] + the sum over q of x[j strides + q dilation_rate - before, c]
    kernel[q, c, d], where m = depth_multiplier.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.DepthwiseConv1D(3, depth_multiplier=2)(np.zeros((1, 8, 3))).shape
    (1, 6, 6)
    """

    rank = 1
