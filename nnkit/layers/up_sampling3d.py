"""UpSampling3D."""

from __future__ import annotations

from typing import Any

from nnkit.layers.up_sampling import UpSampling

__all__ = ["UpSampling3D"]


class UpSampling3D(UpSampling):
    """Repeat every plane, row and column of a volume.

    Parameters
    ----------
    size : int or (int, int, int)
        The number of repetitions along depth, height and width, at least 1.
    data_format : {"channels_last", "channels_first"}, optional
        Inputs are (batch, depth, height, width, channels), or (batch, channels, depth, height,
        width).
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or the input doesn't have five axes.

    Notes
    -----
    Output (batch, size[0] depth, size[1] height, size[2] width, channels). Backward: the sum of dy
    over the copies.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.UpSampling3D((2, 1, 3))(np.zeros((1, 2, 3, 4, 5))).shape
    (1, 4, 3, 12, 5)
    """

    rank = 3

    def __init__(
        self, size: Any = (2, 2, 2), data_format: str | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self.set_size(size)
        self.set_data_format(data_format)
