"""ConvLSTM1D."""

from __future__ import annotations

from nnkit.layers.conv_lstm import ConvLSTM

__all__ = ["ConvLSTM1D"]


class ConvLSTM1D(ConvLSTM):
    """An LSTM of sequences, each timestep of which is a sequence itself.

    X. Shi et al., 2015, "Convolutional LSTM network: a machine learning approach for precipitation
    nowcasting" (without the weights from the cell to the gates).

    Parameters
    ----------
    filters, kernel_size, **options
        Arguments of :class:`ConvLSTM`.

    Notes
    -----
    Input (batch, steps, length, channels), output (batch, new length, filters), or with the steps'
    axis with ``return_sequences``. The formulas are those of :class:`LSTM`, with convolutions in
    place of products.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> layer = nnkit.layers.ConvLSTM1D(4, 3, padding="same", return_sequences=True)
    >>> layer(np.zeros((1, 5, 8, 2))).shape
    (1, 5, 8, 4)
    """

    rank = 1
