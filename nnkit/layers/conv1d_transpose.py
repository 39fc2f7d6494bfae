"""Conv1DTranspose."""

from __future__ import annotations

from nnkit.layers.spreading import Spreading

__all__ = ["Conv1DTranspose"]


class Conv1DTranspose(Spreading):
    """Transposed convolution: each input timestep adds a multiple of the kernel to the output.

    V. Dumoulin and F. Visin, 2016, "A guide to convolution arithmetic for deep learning".

    Parameters
    ----------
    filters : int
        The number of filters: channels of the output.
    kernel_size : int or tuple of int
        Length of the part of the output that an input timestep adds to.
    strides : int or tuple of int
        Distance in the output between the parts that neighbouring timesteps add to.
    padding : {"valid", "same"}
        ``"same"``: the output has the input's steps times the strides. ``"valid"``: it has all
        timesteps that one of the input adds to.
    output_padding : int or tuple of int, optional
        Additional timesteps at the end, fewer than the strides. The output has (steps - 1) strides
        + kernel_size + output_padding of them if "valid", (steps - 1) strides + kernel_size % 2 +
        output_padding if "same".
    data_format : {"channels_last", "channels_first"}, optional
    dilation_rate : int or tuple of int
        Distance between the timesteps that one adds to. Not together with strides.
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
        (kernel_size, filters, channels).
    bias : Variable or None
        (filters,).

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Notes
    -----
    x[j, c] kernel[q, f, c] is added to y[j strides + q dilation_rate - cut, f], where "same" cuts
    off half of the surplus at the beginning.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> layer = nnkit.layers.Conv1DTranspose(8, 3, strides=2, padding="same")
    >>> layer(np.zeros((1, 7, 16))).shape
    (1, 14, 8)
    """

    rank = 1
    aliases = ("Convolution1DTranspose",)
