"""UpSampling2D."""

from __future__ import annotations

from typing import Any

from nnkit import checks
from nnkit.layers.up_sampling import UpSampling

__all__ = ["UpSampling2D"]


class UpSampling2D(UpSampling):
    """Repeat every row and column of an image.

    Parameters
    ----------
    size : int or (int, int)
        The number of repetitions of rows and of columns, at least 1.
    data_format : {"channels_last", "channels_first"}, optional
        Inputs are (batch, height, width, channels), or (batch, channels, height, width).
    interpolation : {"nearest"}
        Keras's other interpolations are not available.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or the input doesn't have four axes.

    Notes
    -----
    Output (batch, size[0] height, size[1] width, channels). Backward: the sum of dy over the
    copies.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.UpSampling2D((1, 2))(np.array([[[[1.0], [2.0]]]])).ravel()
    array([1., 1., 2., 2.], dtype=float32)
    """

    def __init__(
        self,
        size: Any = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.set_size(size)
        self.set_data_format(data_format)
        known = ("nearest",)
        self.interpolation = checks.one_of("UpSampling2D", "interpolation", interpolation, known)
