"""RandomTones: the base class of RandomBrightness and RandomContrast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.random_image import Interval, RandomImage

__all__ = ["RandomTones"]


class RandomTones(RandomImage, abstract=True):
    """A layer that makes images brighter or darker, or changes their contrast, in training.

    Parameters
    ----------
    value_range : (float, float)
        The smallest and the largest value that the output may have.
    seed : int, optional
    data_format : {"channels_last", "channels_first"}, optional
    **options
        Arguments of :class:`Layer`.
    """

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(seed, data_format, **options)
        owner = type(self).__name__
        if not isinstance(value_range, (tuple, list)) or len(value_range) != 2:
            raise ValueError(f"{owner}: value_range is two numbers, got {value_range!r}")
        ends = (checks.number(owner, "value_range", v) for v in value_range)
        self.value_range = lowest, highest = tuple(sorted(ends))
        if lowest == highest:
            raise ValueError(f"{owner}: value_range must be two numbers, got {value_range!r}")

    def factors(self) -> Interval:
        """From what the factor of the distance to the mean is drawn."""
        return 1.0, 1.0

    def shifts(self) -> Interval:
        """From what is drawn that is added."""
        return 0.0, 0.0

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """y = factor (x - mean) + mean + shift, cut off at both ends of the range."""
        self.changes = training
        if not training:
            return x
        self.x, self.drawn, y = x, self.shares(len(x), 2), self.empty(x.shape)
        launch.random_tones(self._channels(x), self.drawn, *self._numbers, self._channels(y))
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx = factor d + (1 - factor) mean d, where d is dy, or 0 where y was cut off."""
        if not self.changes:
            return dy
        dx = self.empty(dy.shape)
        arrays = map(self._channels, (dy, dx))
        launch.random_tones_backward(self._channels(self.x), self.drawn, *self._numbers, *arrays)
        return dx

    @property
    def _numbers(self) -> tuple[float, ...]:
        return *self.factors(), *self.shifts(), *self.value_range

    def _channels(self, x: np.ndarray) -> np.ndarray:
        images = self.images(x)
        batch, outer, rows, columns, inner = images.shape
        return images.reshape(batch, outer, rows * columns, inner)
