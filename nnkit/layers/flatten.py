"""Flatten."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnkit.layers.base import Layer, Shape

__all__ = ["Flatten"]


class Flatten(Layer):
    """All axes but the batch as one: (batch, a, b) becomes (batch, a b). Nothing is copied.

    Parameters
    ----------
    data_format : None or "channels_last"
        Only here because Keras has it.
    **options
        Those of :class:`Layer`.

    Raises
    ------
    ValueError
        ``data_format`` is another one.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.Flatten()(np.zeros((2, 28, 28))).shape
    (2, 784)
    """

    recordable = True

    def __init__(self, data_format: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        if data_format not in (None, "channels_last"):
            raise ValueError(
                f"Flatten: data_format must be 'channels_last', got {data_format!r}; move the "
                "channels to the end of the data: numpy.moveaxis(x, 1, -1)"
            )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, product of the others)."""
        return (input_shape[0], math.prod(n or 0 for n in input_shape[1:]))

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """The same memory, flat."""
        self.shape = x.shape
        return x.reshape(x.shape[0], math.prod(x.shape[1:]))

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """The same memory in the input's shape."""
        return dy.reshape(self.shape)
