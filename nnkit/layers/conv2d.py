"""Conv2D."""

from __future__ import annotations

from nnkit.layers.filtering import Filtering

__all__ = ["Conv2D"]


class Conv2D(Filtering):
    """Convolve images with filters: ``activation(conv(x, kernel) + bias)``.

    Y. LeCun et al., 1998, "Gradient-based learning applied to document recognition".

    Parameters
    ----------
    filters : int
        The number of filters: channels of the output.
    kernel_size : int or tuple of int
        Height and width of a filter.
    strides : int or tuple of int
        Distance between the positions of a filter, down and to the right.
    padding : {"valid", "same"}
        ``"valid"``: none. ``"same"``: zeros on all sides, so that the output has ceil(height /
        stride) rows, and columns likewise; if their number is odd, one more at the end.
    data_format : {"channels_last", "channels_first"}, optional
        Inputs are (batch, height, width, channels), or (batch, channels, height, width).
        ``"channels_last"`` is faster.
    dilation_rate : int or tuple of int
        Distance between the pixels that a filter sees. Not together with strides.
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
        (kernel height, kernel width, channels / groups, filters).
    bias : Variable or None
        (filters,).

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, once the input's shape is known, the window is
        larger than the input, or groups don't divide the channels.

    Notes
    -----
    y[i, j, f] = bias[f] + the sum over p, q and c of x[i stride + p dilation - before, j stride +
    q dilation - before, c] kernel[p, q, c, f], with each axis's stride and dilation. Rows of the
    output: (height - (kernel height - 1) dilation - 1) // stride + 1 if "valid", ceil(height /
    stride) if "same".

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> layer = nnkit.layers.Conv2D(16, 3, padding="same", activation="relu")
    >>> layer(np.zeros((1, 28, 28, 3))).shape
    (1, 28, 28, 16)
    >>> layer.kernel.shape
    (3, 3, 3, 16)
    """

    rank = 2
    aliases = ("Convolution2D",)
