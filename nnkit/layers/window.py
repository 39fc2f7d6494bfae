"""Window and WindowLayer: windows that move over sequences, images and volumes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.base import Layer, Shape

__all__ = ["Lengths", "Window", "WindowLayer", "fits"]

Lengths = tuple[int, ...]
Size = TypeVar("Size", int, int | None)  # None: it differs from batch to batch.


@dataclass(frozen=True)
class Window:
    """A window along each spatial axis, and the positions that it takes.

    Parameters
    ----------
    size, strides, dilation : tuple of int
        For each axis: its elements, the distance between positions and between its elements.
    padding : {"valid", "same", "causal"}
        ``"valid"``: no padding. ``"same"``: ceil(length / stride) positions, with as much padding
        before the input as after it, or one more after it. ``"causal"``: as many positions, with
        all padding before the input.
    """

    size: Lengths
    strides: Lengths
    dilation: Lengths
    padding: str

    def span(self) -> Lengths:
        """Length from the window's first element to its last."""
        return tuple((n - 1) * d + 1 for n, d in zip(self.size, self.dilation, strict=True))

    def positions(self, lengths: Sequence[Size]) -> tuple[Size, ...]:
        """The number of positions along each axis; less than 1 if the window doesn't fit."""
        padded = self.padding != "valid"
        return tuple(
            None if n is None else -(-n // stride) if padded else (n - span) // stride + 1
            for n, span, stride in zip(lengths, self.span(), self.strides, strict=True)
        )

    def before(self, lengths: Sequence[int]) -> Lengths:
        """Padding before the first element of each axis."""
        if self.padding == "valid":
            return (0,) * len(self.size)
        if self.padding == "causal":
            return tuple(span - 1 for span in self.span())
        positions = self.positions(lengths)
        axes = zip(lengths, positions, self.span(), self.strides, strict=True)
        return tuple(max((p - 1) * stride + span - n, 0) // 2 for n, p, span, stride in axes)


class WindowLayer(Layer, abstract=True):
    """Base of layers with one to three spatial axes.

    Attributes
    ----------
    rank : int
        Class attribute: the number of spatial axes.
    data_format : {"channels_last", "channels_first"}
    """

    recordable = True
    rank = 2

    def build(self, input_shape: Shape) -> None:
        """Refuse inputs that the window doesn't fit."""
        self.compute_output_shape(input_shape)

    def set_data_format(self, value: Any) -> None:
        """Set ``data_format``; None is :func:`nnkit.config.image_data_format`."""
        self.data_format = checks.data_format(type(self).__name__, value)

    def sizes(self, name: str, value: Any, low: int = 1) -> Lengths:
        """An argument as one integer for each spatial axis."""
        return checks.sizes(type(self).__name__, name, value, self.rank, low)

    # --------------------------------------------------------------------------------- shapes

    def divide(self, shape: tuple[Size, ...]) -> tuple[tuple[Size, ...], Size]:
        """Split a shape into the lengths of the spatial axes and the number of channels.

        Raises
        ------
        ValueError
            The shape has a wrong number of axes, or one of size 0.
        """
        axes = ("steps", "height, width", "depth, height, width")[self.rank - 1]
        first = self.data_format == "channels_first"
        if len(shape) != self.rank + 2 or 0 in shape[1:]:
            expected = f"batch, channels, {axes}" if first else f"batch, {axes}, channels"
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}) needs inputs of shape ({expected}), "
                f"got {shape}"
            )
        return (shape[2:], shape[1]) if first else (shape[1:-1], shape[-1])

    @property
    def channel_axis(self) -> int:
        """The axis of the channels."""
        return 1 if self.data_format == "channels_first" else -1

    def joined(self, batch: int | None, lengths: Shape, channels: int | None) -> Shape:
        """The shape in the layer's data format: the inverse of :meth:`divide`."""
        if self.data_format == "channels_first":
            return (batch, channels, *lengths)
        return (batch, *lengths, channels)

    def positions(self, window: Window, shape: tuple[Size, ...]) -> tuple[Size, ...]:
        """The number of positions of a window along each spatial axis of inputs of a shape.

        Raises
        ------
        ValueError
            The window doesn't fit into the input.
        """
        lengths, _ = self.divide(shape)
        positions = window.positions(lengths)
        if fits(positions):
            return positions
        first = self.data_format == "channels_first"
        other = shape[1:-1] if first else shape[2:]
        hint = "padding='same'"
        if fits(window.positions(other)):
            hint = f"data_format={'channels_last' if first else 'channels_first'!r}, or {hint}"
        raise ValueError(
            f"layer {self.name!r} ({type(self).__name__}): a window that spans {window.span()} is "
            f"larger than its input, which is {lengths} for inputs of shape {shape} with "
            f"data_format={self.data_format!r}; a smaller window fits, or {hint}"
        )

    # --------------------------------------------------------------------------------- arrays

    @staticmethod
    def at_least_two(values: Sequence[int], fill: int) -> Lengths:
        """Numbers for each spatial axis as kernels take them; ``fill`` is a sequence's height."""
        return (fill,) * (2 - len(values)) + tuple(values)

    def to_images(self, x: np.ndarray) -> np.ndarray:
        """Convert an array from the layer's data format to channels_last.

        Sequences become images of height 1: (batch, height, width, channels), or for volumes
        (batch, depth, height, width, channels).
        """
        lengths, channels = self.divide(x.shape)
        if self.data_format == "channels_first":
            batch, pixels = x.shape[0], math.prod(lengths)
            swapped = self.empty((batch, pixels, channels))
            launch.swap_axes(x.reshape(batch, channels, pixels), swapped)
            x = swapped
        return x.reshape(x.shape[0], *self.at_least_two(lengths, 1), channels)

    def from_images(self, y: np.ndarray) -> np.ndarray:
        """Convert what :meth:`to_images` makes to the layer's data format."""
        batch, *lengths, channels = y.shape
        lengths = lengths[-self.rank :]
        if self.data_format == "channels_last":
            return y.reshape(batch, *lengths, channels)
        pixels = math.prod(lengths)
        swapped = self.empty((batch, channels, pixels))
        launch.swap_axes(y.reshape(batch, pixels, channels), swapped)
        return swapped.reshape(batch, channels, *lengths)


def fits(positions: Shape) -> bool:
    """Whether there is a position at least on each axis whose length is known."""
    return all(n is None or n >= 1 for n in positions)
