"""Resizing."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.base import Shape
from nnkit.layers.interpolation import METHODS, Interpolation, Samples, largest_within
from nnkit.layers.window import Lengths

__all__ = ["Resizing"]


class Resizing(Interpolation):
    """Resize images to a given height and width.

    Parameters
    ----------
    height, width : int
        Of the output.
    interpolation : {"bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"}
        What a pixel of the output is: a sum of 2, 4, 6 or 10 neighbours along each axis, weighted
        by their distance, or the nearest one. Pixels are squares whose middles are sampled.
    crop_to_aspect_ratio : bool
        Whether only the largest part in the middle is resized that has the output's form.
    pad_to_aspect_ratio : bool
        Whether images are first padded on two sides, so that they have the output's form.
    fill_mode : {"constant"}
    fill_value : float
        What they are padded with.
    antialias : bool
        Whether pixels of smaller outputs are means of all that is between them.
    data_format : {"channels_last", "channels_first"}, optional
        Inputs are (batch, height, width, channels), or (batch, channels, height, width).
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value, or images are to be cropped and padded; or the input
        doesn't have four axes.

    Notes
    -----
    Output (batch, height, width, channels), of the layer's data type: whole numbers are not
    rounded. y[i, j] = the sum of w[p] w[q] x[p, q] over the neighbours of the place in x of the
    middle of pixel (i, j): with s = (input height) / height, at row (i + 1/2) s - 1/2, and w is a
    function of the distance from it, for ``"bilinear"`` 1 - distance. The weights of those inside
    the image are divided by their sum. Backward: dx[p, q] = the sum of w[p] w[q] dy[i, j].

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.Resizing(1, 4)(np.array([[[[0.0], [4.0]]]])).ravel()
    array([0., 1., 3., 4.], dtype=float32)
    """

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.height = checks.integer("Resizing", "height", height)
        self.width = checks.integer("Resizing", "width", width)
        self.size = self.height, self.width
        self.interpolation = checks.one_of("Resizing", "interpolation", interpolation, METHODS)
        crop = checks.flag("Resizing", "crop_to_aspect_ratio", crop_to_aspect_ratio)
        pad = checks.flag("Resizing", "pad_to_aspect_ratio", pad_to_aspect_ratio)
        if crop and pad:
            raise ValueError(
                "Resizing: images can't be both cropped and padded; set crop_to_aspect_ratio or "
                "pad_to_aspect_ratio to False"
            )
        self.crop_to_aspect_ratio, self.pad_to_aspect_ratio = crop, pad
        checks.one_of("Resizing", "fill_mode", fill_mode, ("constant",))
        self.fill_value = checks.number("Resizing", "fill_value", fill_value)
        self.antialias = checks.flag("Resizing", "antialias", antialias)
        self.set_data_format(data_format)

    def new_lengths(self, lengths: Shape) -> Shape:
        """Height and width."""
        return self.size

    def samples(self, axis: int, lengths: Lengths, new: int) -> Samples:
        """Those of the whole image, or of what is cropped or padded."""
        start, seen = 0, lengths[axis]
        if self.crop_to_aspect_ratio:
            start, seen = largest_within(lengths, self.size)[axis]
        elif self.pad_to_aspect_ratio:
            other = 1 - axis
            form = lengths[other] * self.size[axis] // self.size[other]
            before = max(form - seen, 0) // 2
            start, seen = -before, seen + 2 * before
        kind = self.interpolation, lengths[axis], new
        return Samples(*kind, start, seen, self.antialias)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """The weighted sums; those of what is around an image are sums of zeros."""
        if not (self.pad_to_aspect_ratio and self.fill_value):
            return super().forward(x, training)
        # Weights sum to 1: where zeros stand for the fill value, it is added to all sums.
        shifted = self.empty(x.shape)
        launch.rescale(x, 1.0, -self.fill_value, shifted)
        y = super().forward(shifted, training)
        filled = self.empty(y.shape)
        launch.rescale(y, 1.0, self.fill_value, filled)
        return filled
