"""RandomRotation."""

from __future__ import annotations

import math
from typing import Any

from nnkit.layers.random_image import interval
from nnkit.layers.random_warp import Intervals, RandomWarp

__all__ = ["RandomRotation"]


class RandomRotation(RandomWarp):
    """Turn images about their middles in training, each by an angle of its own.

    Parameters
    ----------
    factor : float or (float, float)
        From what part of a full turn to what part, from -1 to 1, counterclockwise; 0.1 stands for
        -0.1 to 0.1, which are -36 to 36 degrees.
    fill_mode : {"reflect", "wrap", "constant", "nearest"}
        What is seen outside of an image: its mirror image (d c b a | a b c d | d c b a), the image
        again (a b c d | a b c d | a b c d), ``fill_value``, or its nearest pixel.
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
    training, unless it is told ``training=False``. y[i, j] is x at the point (p,
    q), with p - c = cos a (i - c) + sin a (j - d), q - d = cos a (j - d) - sin a (i - c), for the
    middle (c, d) and the angle a. Backward: each element of dy goes to the pixels that were seen.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> quarter = nnkit.layers.RandomRotation((0.25, 0.25))
    >>> quarter(np.array([[[[1.0], [2.0]], [[3.0], [4.0]]]]))[0, :, :, 0].round(4)
    array([[2., 4.],
           [1., 3.]], dtype=float32)
    """

    def __init__(
        self,
        factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **options)
        self.factor = interval("RandomRotation", "factor", factor)

    def intervals(self, rows: int, columns: int) -> Intervals:
        """The angle."""
        low, high = self.factor
        return Intervals(angle=(2 * math.pi * low, 2 * math.pi * high))
