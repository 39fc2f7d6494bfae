"""Minimum."""

from __future__ import annotations

from nnkit.layers.merging import Merging

__all__ = ["Minimum"]


class Minimum(Merging):
    """The smallest of several inputs, element by element.

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
    y = min(a, b, ...); a masked step of an input takes no part in it. Two equal elements get half
    of the gradient each. Sizes of 1, and axes that an input lacks after the batch's, are repeated.
    If all inputs have masks, a step of the output counts where it counts in any of them; otherwise
    the output has no mask.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> a, b = np.array([[1.0, 8.0]]), np.array([[3.0, 2.0]])
    >>> nnkit.layers.Minimum()([a, b])
    array([[1., 2.]], dtype=float32)
    """

    how = "minimum"
