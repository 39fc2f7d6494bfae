"""Conv1D."""

from __future__ import annotations

from nnkit.layers.filtering import Filtering

__all__ = ["Conv1D"]


class Conv1D(Filtering):
    """Convolve a sequence with filters: ``activation(conv(x, kernel) + bias)``.

    Parameters
    ----------
    filters : int
        The number of filters: channels of the output.
    kernel_size : int or tuple of int
        Length of a filter, in timesteps.
    strides : int or tuple of int
        Distance between the positions of a filter.
    padding : {"valid", "same", "causal"}
        ``"valid"``: none. ``"same"``: zeros on both sides, so that the output has ceil(steps /
        strides) timesteps; if their number is odd, one more after the input. ``"causal"``: all
        zeros before the input, so that no output depends on a later input.
    data_format : {"channels_last", "channels_first"}, optional
        Inputs are (batch, steps, channels), or (batch, channels, steps).
    dilation_rate : int or tuple of int
        Distance between the timesteps that a filter sees. Not together with strides.
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
        (kernel_size, channels / groups, filters).
    bias : Variable or None
        (filters,).

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, once the input's shape is known, the window is
        larger than the input, or groups don't divide the channels.

    Notes
    -----
    y[j, f] = bias[f] + the sum over q and c of x[j strides + q dilation_rate - before, c]
    kernel[q, c, f]. Output (batch, (steps - (kernel_size - 1) dilation_rate - 1) // strides + 1,
    filters) if "valid", otherwise (batch, ceil(steps / strides), filters).

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> mean = nnkit.layers.Conv1D(1, 2, kernel_initializer=nnkit.initializers.Constant(0.5))
    >>> mean(np.array([[[1.0], [3.0], [9.0]]]))
    array([[[2.],
            [6.]]], dtype=float32)
    """

    rank = 1
    of_sequences = True
    aliases = ("Convolution1D",)
