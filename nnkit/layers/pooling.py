"""Pooling: the base classes of pooling layers."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.base import Shape
from nnkit.layers.window import Lengths, Window, WindowLayer

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
        """The largest element or the mean of each window."""
        lengths, _ = self.divide(x.shape)
        window = self.window_for(lengths)
        images = self._images(x)
        positions = self.as_pair(self.positions(window, x.shape), 1)
        pooled = self.empty((images.shape[0], *positions, images.shape[3]))
        self.shape = x.shape
        self.place = place = (
            *self.as_pair(window.size, 1),
            *self.as_pair(window.strides, 1),
            *self.as_pair(window.before(lengths), 0),
        )
        if self.largest:
            # The index of the largest element within its window, in bytes if 256 values are enough.
            dtype = np.uint8 if place[0] * place[1] <= 256 else np.int32
            self.at = at = self.empty(pooled.shape, dtype)
            launch.max_pool2d(images, *place, pooled, at)
        else:
            launch.average_pool2d(images, *place, pooled)
        self.pooled = pooled.shape
        return pooled.reshape(self.compute_output_shape(x.shape))

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Give a window's gradient to its first largest element, or evenly to all elements."""
        dx = self.empty(self.shape)
        slopes, images = dy.reshape(self.pooled), self._images(dx)
        if self.largest:
            launch.max_pool2d_backward(slopes, self.at, *self.place, images)
        else:
            launch.average_pool2d_backward(slopes, *self.place, images)
        return dx

    def _images(self, x: np.ndarray) -> np.ndarray:
        """View x as (images, height, width, channels).

        In channels_first, each channel is an image with one channel.
        """
        lengths, channels = self.divide(x.shape)
        size = self.as_pair(lengths, 1)
        if self.data_format == "channels_first":
            return x.reshape(x.shape[0] * channels, *size, 1)
        return x.reshape(x.shape[0], *size, channels)


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
