"""Add."""

from __future__ import annotations

from nnkit.layers.merging import Merging

__all__ = ["Add"]


class Add(Merging):
    """The sum of several inputs.

    Parameters
    ----------
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    ValueError
        There are fewer than two inputs, or their shapes can't be broadcast to one.

    Notes
    -----
    y = a + b + ..., element by element. Sizes of 1, and axes that an input lacks after the batch's,
    are repeated. If all inputs have masks, a step of the output counts where it counts in any of
    them; otherwise the output has no mask.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> a, b = np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])
    >>> nnkit.layers.Add()([a, b])
    array([[11., 22.]], dtype=float32)
    """

    how = "add"
