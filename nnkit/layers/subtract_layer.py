"""Subtract."""

from __future__ import annotations

from typing import Any

from nnkit.layers.base import Shape
from nnkit.layers.merging import Merging, list_of_shapes

__all__ = ["Subtract"]


class Subtract(Merging):
    """The difference of two inputs.

    Parameters
    ----------
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    ValueError
        There are not two inputs, or their shapes can't be broadcast to one.

    Notes
    -----
    y = a - b. Sizes of 1, and axes that an input lacks after the batch's, are repeated. If all
    inputs have masks, a step of the output counts where it counts in any of them; otherwise the
    output has no mask.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> a, b = np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])
    >>> nnkit.layers.Subtract()([a, b])
    array([[ -9., -18.]], dtype=float32)
    """

    how = "subtract"

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The shape of the difference."""
        return super().compute_output_shape(list_of_shapes(self, input_shape, exactly=2))
