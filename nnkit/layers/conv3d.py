"""Conv3D."""

from __future__ import annotations

from nnkit.layers.filtering import Filtering

__all__ = ["Conv3D"]


class Conv3D(Filtering):
    """Convolve volumes, or videos, with filters: ``activation(conv(x, kernel) + bias)``.

    D. Tran et al., 2015, "Learning spatiotemporal features with 3D convolutional networks".

    Parameters
    ----------
    filters : int
        The number of filters: channels of the output.
    kernel_size : int or tuple of int
        Depth, height and width of a filter.
    strides : int or tuple of int
        Distance between the positions of a filter along each axis.
    padding : {"valid", "same"}
        ``"valid"``: none. ``"same"``: zeros on all sides, so that each axis of the output has
        ceil(length / stride) elements; if their number is odd, one more at the end.
    data_format : {"channels_last", "channels_first"}, optional
        Inputs are (batch, depth, height, width, channels), or (batch, channels, depth, height,
        width).
        ``"channels_last"`` is faster.
    dilation_rate : int or tuple of int
        Distance between the voxels that a filter sees. Not together with strides.
    groups : int
        The number of groups of channels and filters; a filter sees the channels of its group.
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
        (kernel depth, kernel height, kernel width, channels / groups, filters).
    bias : Variable or None
        (filters,).

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, once the input's shape is known, the window is
        larger than the input, or groups don't divide the channels.

    Notes
    -----
    y[h, i, j, f] = bias[f] + the sum over o, p, q and c of x[h stride + o dilation - before,
    i stride + p dilation - before, j stride + q dilation - before, c] kernel[o, p, q, c, f], with
    each axis's stride and dilation. What a filter sees along the depth is laid side by side, as
    channels of images for a two-dimensional convolution: this takes memory for a copy of the input
    for each of the kernel's planes.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> layer = nnkit.layers.Conv3D(16, 3, padding="same", activation="relu")
    >>> layer(np.zeros((1, 8, 28, 28, 3))).shape
    (1, 8, 28, 28, 16)
    >>> layer.kernel.shape
    (3, 3, 3, 3, 16)
    """

    rank = 3
    aliases = ("Convolution3D",)
