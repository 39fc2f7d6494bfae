"""ConvLSTM3D."""

from __future__ import annotations

from nnkit.layers.conv_lstm import ConvLSTM

__all__ = ["ConvLSTM3D"]


class ConvLSTM3D(ConvLSTM):
    """An LSTM of volumes: what it forgets, takes in and outputs is decided for each voxel.

    X. Shi et al., 2015, "Convolutional LSTM network: a machine learning approach for precipitation
    nowcasting" (without the weights from the cell to the gates).

    Parameters
    ----------
    filters, kernel_size, **options
        Arguments of :class:`ConvLSTM`.

    Notes
    -----
    Input (batch, steps, depth, height, width, channels), output (batch, planes, rows, columns,
    filters), or with the steps' axis with ``return_sequences``. The formulas are those of
    :class:`LSTM`, with convolutions in place of products.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> layer = nnkit.layers.ConvLSTM3D(4, 3, padding="same", return_sequences=True)
    >>> layer(np.zeros((1, 2, 5, 4, 4, 2))).shape
    (1, 2, 5, 4, 4, 4)
    """

    rank = 3
