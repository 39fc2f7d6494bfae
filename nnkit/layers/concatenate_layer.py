"""Concatenate."""

from __future__ import annotations

from typing import Any

from nnkit import checks
from nnkit.layers.merging import Merging

__all__ = ["Concatenate"]


class Concatenate(Merging):
    """Several inputs side by side.

    Parameters
    ----------
    axis : int
        The axis along which they are joined: any but 0, the batch.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    ValueError
        ``axis`` is 0; or, once the inputs' shapes are known, there are fewer than two inputs, or
        they differ along another axis.

    Notes
    -----
    Joined along the steps (``axis=1``), the masks of the inputs are joined, too; an input without a
    mask counts in all of its steps. Along another axis, a step counts where it counts in any of the
    inputs, if all of them have masks; otherwise there is no mask.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.Concatenate()([np.zeros((1, 2)), np.ones((1, 1))])
    array([[0., 0., 1.]], dtype=float32)
    """

    how = "concatenate"

    def __init__(self, axis: int = -1, **options: Any) -> None:
        super().__init__(**options)
        self.axis = checks.integer("Concatenate", "axis", axis, -32, 32)
        if not self.axis:
            raise ValueError("Concatenate: axis must be one after the batch's, got 0")
