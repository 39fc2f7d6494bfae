"""Reshape."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.layers.base import Layer, Shape

__all__ = ["Reshape"]


class Reshape(Layer):
    """Give each sample another shape; the output is a view of the input.

    Parameters
    ----------
    target_shape : tuple of int
        The shape of a sample. One entry may be -1, or None, and is then computed from the input's
        size.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        ``target_shape`` is not such a tuple; or, once the input's shape is known, has a different
        number of elements.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.Reshape((28, -1))(np.zeros((2, 784))).shape
    (2, 28, 28)
    """

    recordable = True

    def __init__(self, target_shape: tuple[int, ...], **options: Any) -> None:
        super().__init__(**options)
        if not isinstance(target_shape, (tuple, list)):
            raise TypeError(f"Reshape: target_shape must be a tuple, got {target_shape!r}")
        self.target_shape = tuple(
            -1 if n in (-1, None) else checks.integer("Reshape", "target_shape", n)
            for n in target_shape
        )
        if self.target_shape.count(-1) > 1:
            raise ValueError(f"Reshape: target_shape may hold one -1, got {self.target_shape}")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, *target_shape) with -1 resolved; with None if it depends on an unknown size."""
        size = math.prod(n for n in input_shape[1:] if n is not None)
        target = math.prod(n for n in self.target_shape if n != -1)
        unknown, free = None in input_shape[1:], -1 in self.target_shape
        if unknown:
            fits = free or (size > 0 and target % size == 0)
        else:
            fits = size % target == 0 if free else size == target
        if not fits:
            elements = f"a multiple of {size} elements" if unknown else f"{size} elements"
            raise ValueError(
                f"layer {self.name!r} (Reshape) can't give samples of shape {input_shape[1:]} "
                f"({elements}) the shape {self.target_shape}"
            )
        rest = None if unknown else size // target
        return (input_shape[0], *(rest if n == -1 else n for n in self.target_shape))

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """A view of x in the target shape."""
        self.shape = x.shape
        return x.reshape(self.compute_output_shape(x.shape))  # type: ignore[arg-type]

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """A view of dy in the input's shape."""
        return dy.reshape(self.shape)
