"""RandomImage: the base class of layers that transform each image of a batch at random."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.base import Shape
from nnkit.layers.random_layer import RandomLayer
from nnkit.layers.window import WindowLayer

__all__ = ["Interval", "RandomImage", "interval"]

Interval = tuple[float, float]


class RandomImage(RandomLayer, WindowLayer, abstract=True):
    """A layer that transforms images in training, each by numbers of its own.

    Called with arrays it does so as well, unless it is told ``training=False``, as in Keras.

    Parameters
    ----------
    seed : int, optional
        From 0 to 2**63 - 1; by default from :func:`nnkit.utils.set_random_seed`'s generator.
    data_format : {"channels_last", "channels_first"}, optional
        Inputs are (batch, height, width, channels), or (batch, channels, height, width).
    **options
        Arguments of :class:`Layer`.
    """

    augments = True

    def __init__(
        self, seed: int | None = None, data_format: str | None = None, **options: Any
    ) -> None:
        super().__init__(seed, **options)
        self.set_data_format(data_format)

    def __call__(self, x: Any = None, *more: Any, **named: Any) -> Any:
        """What it makes of images; of one image alone, an array of three axes, one image."""
        if isinstance(x, np.ndarray) and x.ndim == 3:
            return super().__call__(x[None], *more, **named)[0]
        return super().__call__(x, *more, **named)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The same."""
        self.divide(input_shape)
        return input_shape

    def shares(self, *shape: int) -> np.ndarray:
        """Random numbers from 0, below 1: float64, others in each step."""
        shares = self.empty(shape, np.float64)
        launch.uniform(self.key, self.counter, 0, shares)
        return shares

    def images(self, x: np.ndarray) -> np.ndarray:
        """View x as (batch, outer, rows, columns, inner)."""
        if self.data_format == "channels_first":
            return x.reshape(*x.shape, 1)
        return x.reshape(len(x), 1, *x.shape[1:])


def interval(owner: str, name: str, value: Any, low: float = -1.0, high: float = 1.0) -> Interval:
    """Check a factor: both ends of an interval; a number x stands for -x to x.

    Examples
    --------
    >>> interval("RandomRotation", "factor", 0.25), interval("RandomZoom", "factor", (0.5, -0.25))
    ((-0.25, 0.25), (-0.25, 0.5))
    """
    if isinstance(value, (tuple, list)):
        if len(value) != 2:
            raise ValueError(f"{owner}: {name} is a number or two of them, got {value!r}")
        first, second = (checks.number(owner, name, v, f"[{low}, {high}]") for v in value)
        return min(first, second), max(first, second)
    size = abs(checks.number(owner, name, value, f"[{low}, {high}]"))
    return -size, size
