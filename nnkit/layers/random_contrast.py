"""RandomContrast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnkit.layers.random_image import Interval, interval
from nnkit.layers.random_tones import RandomTones

__all__ = ["RandomContrast"]


class RandomContrast(RandomTones):
    """Change the contrast of images in training, each by a factor of its own.

    Parameters
    ----------
    factor : float or (float, float)
        For (l, u), from 0 to 1, the distance from the mean is multiplied by 1 - l to 1 + u; a
        number stands for two of it.
    value_range : (float, float)
        The smallest and the largest value that the output may have.
    seed : int, optional
        From 0 to 2**63 - 1; by default from :func:`nnkit.utils.set_random_seed`'s generator.
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
    training, unless it is told ``training=False``. y = f (x - m) + m, cut off at
    both ends of the range, with the mean m of a channel of an image. (Keras 3.15 says the same, but
    sorts l and u, and draws f from 1 to 1 + u if the factor is one number.) Backward: dx = f d + (1
    - f) mean d, where d is dy, or 0 where y was cut off.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> twice = nnkit.layers.RandomContrast((-1, 1), value_range=(0, 10))
    Traceback (most recent call last):
    ValueError: RandomContrast: factor must be a number in [0.0, 1.0], got -1
    >>> contrast = nnkit.layers.RandomContrast(0.5, seed=2)
    >>> round(float(contrast(np.arange(50.0, 54.0).reshape(1, 2, 2, 1)).mean()), 3)
    51.5
    """

    def __init__(
        self,
        factor: Any,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(value_range, seed, data_format, **options)
        pair = factor if isinstance(factor, (tuple, list)) else (factor, factor)
        interval("RandomContrast", "factor", pair, 0.0)
        self.factor = tuple(map(float, pair))

    def factors(self) -> Interval:
        """From 1 - l to 1 + u."""
        lower, upper = self.factor
        return 1 - lower, 1 + upper
