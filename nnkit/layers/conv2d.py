"""Conv2D."""

from __future__ import annotations

from nnkit.layers.filtering import Filtering

__all__ = ["Conv2D"]


class Conv2D(Filtering):
    """Filters that move over an image: ``activation(conv(x, kernel) + bias)``.

    Y. LeCun et al., 1998, "Gradient-based learning applied to document recognition".

    Parameters
    ----------
    filters : int
        Channels of the output.
    kernel_size : int or tuple of int
        Height and width of what a filter sees at once.
    strides : int or tuple of int
        How far it moves down, and to the right.
    padding : {"valid", "same"}
        ``"valid"``: only where it fits. ``"same"``: zeros on all sides, so that the output has
        ceil(height / stride) rows, and columns likewise; an odd one comes at the end.
    data_format : {"channels_last", "channels_first"}, optional
        Inputs are (batch, height, width, channels), or (batch, channels, height, width). The first
        is faster.
    dilation_rate : int or tuple of int
        How far apart the pixels are that it sees. Not together with strides.
    groups : int
        Into which channels and filters are divided; a filter sees the channels of its group.
    activation : str or Layer, optional
    use_bias : bool
    kernel_initializer, bias_initializer : str or Initializer
    kernel_regularizer, bias_regularizer, activity_regularizer : str or Regularizer, optional
    kernel_constraint, bias_constraint : str or Constraint, optional
    **options
        Those of :class:`Layer`.

    Attributes
    ----------
    kernel : Variable
        (kernel height, kernel width, channels / groups, filters).
    bias : Variable or None
        (filters,).

    Raises
    ------
    TypeError, ValueError
        An argument is not what it should be; or, once the input's shape is known, the window is
        larger than the input, or groups don't divide the channels.

    Notes
    -----
    y[i, j, f] = bias[f] + the sum over p, q and c of x[i stride + p dilation - before, j stride +
    q dilation - before, c] kernel[p, q, c, f], strides and so on those of the axis. Rows of the
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
