"""RandomTranslation."""

from __future__ import annotations

from typing import Any

from nnkit.layers.random_image import interval
from nnkit.layers.random_warp import Intervals, RandomWarp

__all__ = ["RandomTranslation"]


class RandomTranslation(RandomWarp):
    """Move images in training, each by a distance of its own.

    Parameters
    ----------
    height_factor, width_factor : float or (float, float)
        From what part of the height, and of the width, to what part, from -1 to 1, an image moves
        down, and to the right; 0.2 stands for -0.2 to 0.2.
    fill_mode : {"reflect", "wrap", "constant", "nearest"}
        What is seen outside of an image; see :class:`RandomRotation`.
    interpolation : {"bilinear", "nearest"}
        What is between pixels.
    seed : int, optional
        From 0 to 2**63 - 1; by default from :func:`nnkit.utils.set_random_seed`'s generator.
    fill_value : float
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
    Output of the input's shape; outside training the input itself. A call with arrays is one in
    training, unless it is told ``training=False``. y[i, j] is x at the point (i -
    down, j - right). Backward: each element of dy goes to the pixels that were seen.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> move = nnkit.layers.RandomTranslation(0, (0.25, 0.25), fill_mode="constant", fill_value=9)
    >>> move(np.arange(4.0).reshape(1, 1, 4, 1)).ravel()
    array([9., 0., 1., 2.], dtype=float32)
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **options)
        self.height_factor = interval("RandomTranslation", "height_factor", height_factor)
        self.width_factor = interval("RandomTranslation", "width_factor", width_factor)

    def intervals(self, rows: int, columns: int) -> Intervals:
        """The distances."""
        (up, down), (left, right) = self.height_factor, self.width_factor
        return Intervals(down=(rows * up, rows * down), right=(columns * left, columns * right))
