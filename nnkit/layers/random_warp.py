"""RandomWarp: the base class of RandomFlip, RandomRotation, RandomTranslation and RandomZoom."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.random_image import Interval, RandomImage

__all__ = ["Intervals", "RandomWarp"]

FILL_MODES = ("constant", "nearest", "reflect", "wrap")  # By the kernel's numbers.
INTERPOLATIONS = ("nearest", "bilinear")


class Intervals(NamedTuple):
    """From what numbers are drawn for each image.

    Attributes
    ----------
    angle : tuple of float
        In radians, counterclockwise.
    tall, wide : tuple of float
        What the height and width that are seen are multiplied by.
    alike : bool
        Whether both are one number.
    down, right : tuple of float
        Pixels by which the image moves.
    vertical, horizontal : bool
        Whether half of the images are mirrored.
    """

    angle: Interval = (0.0, 0.0)
    tall: Interval = (1.0, 1.0)
    wide: Interval = (1.0, 1.0)
    alike: bool = False
    down: Interval = (0.0, 0.0)
    right: Interval = (0.0, 0.0)
    vertical: bool = False
    horizontal: bool = False


class RandomWarp(RandomImage, abstract=True):
    """A layer that turns, moves, zooms or mirrors images in training.

    A subclass says from what numbers are drawn.

    Parameters
    ----------
    fill_mode : {"reflect", "wrap", "constant", "nearest"}
        What is seen outside of an image: its mirror image (d c b a | a b c d | d c b a), the image
        again (a b c d | a b c d | a b c d), ``fill_value``, or its nearest pixel.
    interpolation : {"bilinear", "nearest"}
        What is between pixels.
    seed : int, optional
    fill_value : float
    data_format : {"channels_last", "channels_first"}, optional
    **options
        Arguments of :class:`Layer`.
    """

    def __init__(
        self,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(seed, data_format, **options)
        owner = type(self).__name__
        self.fill_mode = checks.one_of(owner, "fill_mode", fill_mode, FILL_MODES)
        self.interpolation = checks.one_of(owner, "interpolation", interpolation, INTERPOLATIONS)
        self.fill_value = checks.number(owner, "fill_value", fill_value)

    def intervals(self, rows: int, columns: int) -> Intervals:
        """From what numbers are drawn, for images of a height and a width."""
        raise NotImplementedError

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """Each pixel is seen at another point."""
        self.warps = training
        if not training:
            return x
        seen, y = self.images(x), self.empty(x.shape)
        rows, columns = seen.shape[2:4]
        angle, tall, wide, alike, down, right, *flips = self.intervals(rows, columns)
        self.points = self.empty((len(x), 2, 3), np.float64)
        numbers = *angle, *tall, *wide, alike, *down, *right, *flips, rows, columns
        launch.random_points(self.shares(len(x), 7), *numbers, self.points)
        launch.warp(seen, self.points, *self._sampling, self.fill_value, self.images(y))
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx: each pixel's gradient goes to where it was seen."""
        if not self.warps:
            return dy
        dx = self.empty(dy.shape)
        launch.warp_backward(self.images(dy), self.points, *self._sampling, self.images(dx))
        return dx

    @property
    def _sampling(self) -> tuple[int, int]:
        return INTERPOLATIONS.index(self.interpolation), FILL_MODES.index(self.fill_mode)
