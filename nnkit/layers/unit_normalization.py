"""UnitNormalization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnkit.layers.base import Layer, Shape
from nnkit.layers.sample_axes import axis_list, sample_axes

__all__ = ["UnitNormalization"]

_SMALLEST = 1e-24  # What is shorter than its square root is divided by that.


class UnitNormalization(Layer):
    """Divide each vector by its length, the square root of its sum of squares.

    Parameters
    ----------
    axis : int or list of int
        The axis of the vectors, or several. Not the batch.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        ``axis`` is not a whole number or a list of some; or, once the input's shape is known, it
        has no such axis.

    Notes
    -----
    Output of the input's shape. A vector of zeros stays one, and its gradient is finite.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.UnitNormalization()(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, axis: int | Sequence[int] = -1, **options: Any) -> None:
        super().__init__(**options)
        self.axis = axis_list("UnitNormalization", axis)

    def build(self, input_shape: Shape) -> None:
        """Check that the input has the axes."""
        sample_axes(self, input_shape)

    def fixed_sizes(self, shape: Shape) -> Shape:
        """None at all: there are no weights."""
        return ()

    def call(self, x: Any) -> Any:
        """x / max(|x|, 1e-12)."""
        from nnkit import ops

        axes = sample_axes(self, ops.shape(x))
        squares = ops.sum(ops.square(x), axis=axes, keepdims=True)
        return x / ops.sqrt(ops.maximum(squares, _SMALLEST))
