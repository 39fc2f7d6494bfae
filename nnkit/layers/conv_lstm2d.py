"""ConvLSTM2D."""

from __future__ import annotations

from nnkit.layers.conv_lstm import ConvLSTM

__all__ = ["ConvLSTM2D"]


class ConvLSTM2D(ConvLSTM):
    """An LSTM of images: what it forgets, takes in and outputs is decided for each pixel.

    X. Shi et al., 2015, "Convolutional LSTM network: a machine learning approach for precipitation
    nowcasting" (without the weights from the cell to the gates).

    Parameters
    ----------
    filters, kernel_size, **options
        Arguments of :class:`ConvLSTM`.

    Notes
    -----
    Input (batch, steps, height, width, channels), output (batch, rows, columns, filters), or with
    the steps' axis with ``return_sequences``. The formulas are those of :class:`LSTM`, with
    convolutions in place of products.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> layer = nnkit.layers.ConvLSTM2D(4, 3, padding="same", return_sequences=True)
    >>> layer(np.zeros((1, 5, 8, 8, 2))).shape
    (1, 5, 8, 8, 4)
    """

    rank = 2
