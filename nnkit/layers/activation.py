"""Activation: an activation function as a separate layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit.layers.base import Layer

__all__ = ["Activation"]


class Activation(Layer):
    """Apply an activation by name; ``Activation("tanh")`` computes what ``Tanh()`` does.

    Parameters
    ----------
    activation : str or Layer
        See :mod:`nnkit.activations`.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    ValueError
        No activation has that name.

    Notes
    -----
    The function is ``self.activation``, which every caller of a layer applies after ``forward``; so
    ``forward`` and ``backward`` here return their argument unchanged.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.Activation("relu")(np.array([[-1.0, 2.0]]))
    array([[0., 2.]], dtype=float32)
    """

    recordable = True
    supports_masking = True

    def __init__(self, activation: Any, **options: Any) -> None:
        super().__init__(**options)
        self.activation = activation

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """Return the input unchanged."""
        return x

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Return the gradient unchanged."""
        return dy
