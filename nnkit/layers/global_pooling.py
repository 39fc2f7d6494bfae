"""GlobalPooling: the base class of layers that pool over a whole image or sequence."""

from __future__ import annotations

from typing import Any

from nnkit import checks
from nnkit.layers.base import Shape
from nnkit.layers.pooling import WindowPooling
from nnkit.layers.window import Lengths, Window

__all__ = ["GlobalPooling"]


class GlobalPooling(WindowPooling, abstract=True):
    """Pooling with a window as large as the input."""

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **options: Any
    ) -> None:
        super().__init__(**options)
        self.set_data_format(data_format)
        self.keepdims = checks.flag(type(self).__name__, "keepdims", keepdims)

    def window_for(self, lengths: Lengths) -> Window:
        """A window that covers the whole input."""
        ones = (1,) * self.rank
        return Window(lengths, ones, ones, "valid")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, channels); with ``keepdims`` the spatial axes, too, with length 1."""
        _, channels = self.divide(input_shape)
        ones = (1,) * self.rank if self.keepdims else ()
        return self.joined(input_shape[0], ones, channels)
