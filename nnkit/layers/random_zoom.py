"""RandomZoom."""

from __future__ import annotations

from typing import Any

from nnkit.layers.random_image import interval
from nnkit.layers.random_warp import Intervals, RandomWarp

__all__ = ["RandomZoom"]


class RandomZoom(RandomWarp):
    """Zoom in or out in training, each image by a factor of its own.

    Parameters
    ----------
    height_factor : float or (float, float)
        From what part to what part, from -1 to 1, the height that is seen is larger: (0.2, 0.3)
        zooms out by 20 to 30 %, (-0.3, -0.2) zooms in; 0.2 stands for -0.2 to 0.2.
    width_factor : float or (float, float), optional
        The same for the width; by default both are one number, and the form is kept.
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
    training, unless it is told ``training=False``. y[i, j] is x at the point (c +
    (1 + h)(i - c), d + (1 + w)(j - d)), for the middle (c, d). Backward: each element of dy goes to
    the pixels that were seen.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> zoom = nnkit.layers.RandomZoom((-0.5, -0.5), fill_mode="nearest")
    >>> zoom(np.arange(4.0).reshape(1, 1, 4, 1)).ravel()
    array([0.75, 1.25, 1.75, 2.25], dtype=float32)
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **options)
        self.height_factor = interval("RandomZoom", "height_factor", height_factor)
        self.width_factor = None
        if width_factor is not None:
            self.width_factor = interval("RandomZoom", "width_factor", width_factor)

    def intervals(self, rows: int, columns: int) -> Intervals:
        """The factors."""
        low, high = self.height_factor
        left, right = self.width_factor or (low, high)
        alike = self.width_factor is None
        return Intervals(tall=(1 + low, 1 + high), wide=(1 + left, 1 + right), alike=alike)
