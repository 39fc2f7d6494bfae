"""CenterCrop."""

from __future__ import annotations

from typing import Any

from nnkit import checks
from nnkit.layers.base import Shape
from nnkit.layers.interpolation import Interpolation, Samples, largest_within
from nnkit.layers.window import Lengths

__all__ = ["CenterCrop"]


class CenterCrop(Interpolation):
    """Cut the middle out of images; images that are too small are resized.

    Parameters
    ----------
    height, width : int
        Of the output.
    data_format : {"channels_last", "channels_first"}, optional
        Inputs are (batch, height, width, channels), or (batch, channels, height, width).
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or the input doesn't have four axes.

    Notes
    -----
    Output (batch, height, width, channels): the pixels from row (input height - height) // 2 on,
    and columns likewise. If the input has too few rows or columns, it is resized as by
    ``Resizing(height, width, crop_to_aspect_ratio=True)``. Backward: dy with zeros around it, or
    that of :class:`Resizing`.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.CenterCrop(2, 1)(np.arange(9.0).reshape(1, 3, 3, 1)).ravel()
    array([1., 4.], dtype=float32)
    """

    def __init__(
        self, height: int, width: int, data_format: str | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self.height = checks.integer("CenterCrop", "height", height)
        self.width = checks.integer("CenterCrop", "width", width)
        self.size = self.height, self.width
        self.set_data_format(data_format)

    def new_lengths(self, lengths: Shape) -> Shape:
        """Height and width."""
        return self.size

    def samples(self, axis: int, lengths: Lengths, new: int) -> Samples:
        """The pixels in the middle, or, if there are too few, their weighted sums."""
        length = lengths[axis]
        if all(n >= size for n, size in zip(lengths, self.size, strict=True)):
            return Samples("nearest", length, new, (length - new) // 2, new)
        return Samples("bilinear", length, new, *largest_within(lengths, self.size)[axis])
