"""Pooling: the base classes of pooling layers."""

from __future__ import annotations

import itertools
import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.base import Shape
from nnkit.layers.window import Lengths, Window, WindowLayer
from nnkit.missing import also_from

__all__ = ["Pooling", "WindowPooling"]


class WindowPooling(WindowLayer, abstract=True):
    """The largest element, or the mean, of a window at each position, channel by channel.

    Attributes
    ----------
    largest : bool
        Class attribute: the largest element if True, the mean otherwise.
    """

    largest = False

    @abstractmethod
    def window_for(self, lengths: Lengths) -> Window:
        """The window for inputs with spatial axes of these lengths."""

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """The largest element or the mean of each window: of its planes, then along the depth."""
        lengths, _ = self.divide(x.shape)
        window, images = self.window_for(lengths), self._images(x)
        positions = self.at_least_two(self.positions(window, x.shape), 1)
        self.shape, self.places = x.shape, self._places(window, lengths)
        self.at, y = self._pool(images, positions[-2:], self.places[0])
        self.middle = y.shape
        if self.rank == 3:
            planes = self._planes(y)
            self.at_depth, y = self._pool(planes, (positions[0], planes.shape[2]), self.places[1])
        self.pooled = y.shape
        return y.reshape(self.compute_output_shape(x.shape))

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Give a window's gradient to its first largest element, or evenly to all elements."""
        dx, slopes = self.empty(self.shape), dy.reshape(self.pooled)
        if self.rank == 3:
            middle = self.empty(self.middle)
            self._pool_backward(slopes, self.at_depth, self.places[1], self._planes(middle))
            slopes = middle
        self._pool_backward(slopes, self.at, self.places[0], self._images(dx))
        return dx

    def _pool(
        self, x: np.ndarray, positions: Lengths, place: Lengths
    ) -> tuple[np.ndarray | None, np.ndarray]:
        """Where in its window each largest element is, None for means; and what was pooled."""
        y = self.empty((x.shape[0], *positions, x.shape[3]))
        if not self.largest:
            launch.average_pool2d(x, *place, y)
            return None, y
        # The index of the largest element within its window, in bytes if 256 values are enough.
        at = self.empty(y.shape, np.uint8 if place[0] * place[1] <= 256 else np.int32)
        launch.max_pool2d(x, *place, y, at)
        return at, y

    def _pool_backward(
        self, dy: np.ndarray, at: np.ndarray | None, place: Lengths, dx: np.ndarray
    ) -> None:
        if at is None:
            launch.average_pool2d_backward(dy, *place, dx)
        else:
            launch.max_pool2d_backward(dy, at, *place, dx)

    def _places(self, window: Window, lengths: Lengths) -> list[Lengths]:
        """Size, strides and padding before, for images, and for the depth of volumes."""
        parts = (window.size, 1), (window.strides, 1), (window.before(lengths), 0)
        images = [self.at_least_two(values, fill)[-2:] for values, fill in parts]
        depth = [(values[0], fill) for values, fill in parts]
        return [tuple(itertools.chain(*images)), tuple(itertools.chain(*depth))]

    def _images(self, x: np.ndarray) -> np.ndarray:
        """View x as (images, height, width, channels); each plane of a volume is an image.

        In channels_first, each channel is an image with one channel.
        """
        lengths, channels = self.divide(x.shape)
        inner = 1 if self.data_format == "channels_first" else channels
        *deep, height, width = self.at_least_two(lengths, 1)
        count = x.shape[0] * math.prod(deep) * (channels // inner)
        return x.reshape(count, height, width, inner)

    def _planes(self, images: np.ndarray) -> np.ndarray:
        """View the planes of volumes as (volumes, depth, pixels, channels)."""
        count, height, width, channels = images.shape
        depth = self.divide(self.shape)[0][0]
        return images.reshape(count // depth, depth, height * width, channels)


class Pooling(WindowPooling, abstract=True):
    """Pooling with a window of a given size."""

    def __init__(
        self,
        pool_size: int | tuple[int, ...] = 2,
        strides: int | tuple[int, ...] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.pool_size = self.sizes("pool_size", pool_size)
        self.strides = self.pool_size if strides is None else self.sizes("strides", strides)
        self.padding = checks.one_of(type(self).__name__, "padding", padding, ("valid", "same"))
        self.set_data_format(data_format)
        self.window = Window(self.pool_size, self.strides, (1,) * self.rank, self.padding)

    def window_for(self, lengths: Lengths) -> Window:
        """The same window for all lengths."""
        return self.window

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape with the number of window positions as spatial sizes."""
        _, channels = self.divide(input_shape)
        positions = self.positions(self.window, input_shape)
        return self.joined(input_shape[0], positions, channels)


if not TYPE_CHECKING:  # With a __getattr__, type checkers accept any name.
    __getattr__ = also_from(__name__)
