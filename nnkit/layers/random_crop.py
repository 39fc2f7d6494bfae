"""RandomCrop."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.base import Shape
from nnkit.layers.random_image import RandomImage
from nnkit.layers.resizing_layer import Resizing

__all__ = ["RandomCrop"]


class RandomCrop(RandomImage):
    """Cut a part out of images, in training at a place that is drawn for the whole batch.

    Parameters
    ----------
    height, width : int
        Of the output.
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
    Output (batch, height, width, channels). A call with arrays is one in training, unless it is
    told ``training=False``. Outside training, and for images that are not larger
    than the output both ways, it is that of ``Resizing(height, width, crop_to_aspect_ratio=True)``:
    the largest part in the middle that has the output's form. (Keras 3.15 says the same, but
    returns the input as it is outside training.) Backward: dy with zeros around it, or that of
    :class:`Resizing`.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> crop = nnkit.layers.RandomCrop(1, 2, seed=3)
    >>> crop(np.arange(12.0).reshape(1, 3, 4, 1)).ravel()
    array([2., 3.], dtype=float32)
    """

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(seed, data_format, **options)
        self.height = checks.integer("RandomCrop", "height", height)
        self.width = checks.integer("RandomCrop", "width", width)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape with another height and width."""
        _, channels = self.divide(input_shape)
        return self.joined(input_shape[0], (self.height, self.width), channels)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """A part of x, or x resized."""
        (rows, columns), _ = self.divide(x.shape)
        self.resizing = None
        if not (training and rows > self.height and columns > self.width):
            self.resizing = self._resizing()
            return self.resizing.forward(x, training)
        self.points = self.empty((len(x), 2, 3), np.float64)
        spare = rows - self.height, columns - self.width
        launch.random_corner(self.shares(1, 2), *spare, self.points)
        self.shape = x.shape
        y = self.empty(self.compute_output_shape(x.shape))  # type: ignore[arg-type]
        launch.warp(self.images(x), self.points, 0, 0, 0.0, self.images(y))
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dy with zeros around it, or that of Resizing."""
        if self.resizing is not None:
            return self.resizing.backward(dy)
        dx = self.empty(self.shape)
        launch.warp_backward(self.images(dy), self.points, 0, 0, self.images(dx))
        return dx

    def _resizing(self) -> Resizing:
        resize = {"crop_to_aspect_ratio": True, "data_format": self.data_format}
        return Resizing(self.height, self.width, **resize, dtype=self.dtype)  # type: ignore[arg-type]
