"""Identity."""

from __future__ import annotations

from typing import Any

from nnkit.layers.base import Layer

__all__ = ["Identity"]


class Identity(Layer):
    """The input as it is, for a place where a layer is asked for but nothing is to be done.

    Parameters
    ----------
    **options
        Arguments of :class:`Layer`.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.Identity()(np.ones((1, 2)))
    array([[1., 1.]], dtype=float32)
    """

    recordable = True
    supports_masking = True

    def forward(self, x: Any, training: bool = False) -> Any:
        """y = x."""
        return x

    def backward(self, dy: Any) -> Any:
        """dx = dy."""
        return dy
