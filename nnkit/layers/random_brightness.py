"""RandomBrightness."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnkit.layers.random_image import Interval, interval
from nnkit.layers.random_tones import RandomTones

__all__ = ["RandomBrightness"]


class RandomBrightness(RandomTones):
    """Make images brighter or darker in training, each by a number of its own.

    Parameters
    ----------
    factor : float or (float, float)
        From what part of the range to what part, from -1 to 1, is added; 0.2 stands for -0.2 to
        0.2.
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
    training, unless it is told ``training=False``. y = x + s (highest - lowest),
    cut off at both ends of the range. Backward: dx is dy, or 0 where y was cut off.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> brighter = nnkit.layers.RandomBrightness((0.5, 0.5), (0, 10))
    >>> brighter(np.array([[[[1.0], [7.0]]]])).ravel()
    array([ 6., 10.], dtype=float32)
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
        self.factor = interval("RandomBrightness", "factor", factor)

    def shifts(self) -> Interval:
        """Parts of the range."""
        (low, high), (lowest, highest) = self.factor, self.value_range
        return low * (highest - lowest), high * (highest - lowest)
