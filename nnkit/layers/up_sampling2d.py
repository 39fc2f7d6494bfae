"""UpSampling2D."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.layers.interpolation import METHODS, Interpolation, Samples
from nnkit.layers.new_lengths import Axes
from nnkit.layers.up_sampling import UpSampling
from nnkit.layers.window import Lengths

__all__ = ["UpSampling2D"]


class UpSampling2D(UpSampling, Interpolation):
    """Repeat every row and column of an image, or interpolate between them.

    Parameters
    ----------
    size : int or (int, int)
        The number of repetitions of rows and of columns, at least 1.
    data_format : {"channels_last", "channels_first"}, optional
        Inputs are (batch, height, width, channels), or (batch, channels, height, width).
    interpolation : {"nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"}
        ``"nearest"`` repeats; the others are those of :class:`Resizing`.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or the input doesn't have four axes.

    Notes
    -----
    Output (batch, size[0] height, size[1] width, channels). Backward: the sum of dy over the
    copies, or of dy times its weights.

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
        self.interpolation = checks.one_of("UpSampling2D", "interpolation", interpolation, METHODS)

    def samples(self, axis: int, lengths: Lengths, new: int) -> Samples:
        """Those of the whole image."""
        return Samples(self.interpolation, lengths[axis], new, 0, lengths[axis])

    def together(self) -> list[Axes]:
        """Both axes if they are repeated, one after the other if not."""
        return (UpSampling if self._repeats else Interpolation).together(self)

    def change(self, axes: Axes, x: np.ndarray, y: np.ndarray) -> None:
        """y = x with every row and column repeated, or the weighted sums."""
        (UpSampling if self._repeats else Interpolation).change(self, axes, x, y)

    def change_backward(self, axes: Axes, dy: np.ndarray, dx: np.ndarray) -> None:
        """dx = the sum of dy over the copies, or times its weights."""
        (UpSampling if self._repeats else Interpolation).change_backward(self, axes, dy, dx)

    @property
    def _repeats(self) -> bool:
        return self.interpolation == "nearest"
