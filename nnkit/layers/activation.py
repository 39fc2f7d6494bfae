"""Activation: an activation function as a layer of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import activations
from nnkit.layers.base import Layer

__all__ = ["Activation"]


class Activation(Layer):
    """Applies an activation by name; ``Activation("tanh")`` does what ``Tanh()`` does.

    Parameters
    ----------
    activation : str or Layer
        See :mod:`nnkit.activations`.
    **options
        Those of :class:`Layer`.

    Raises
    ------
    ValueError
        There is no activation of that name.

    Notes
    -----
    The function itself is ``self.activation``, which whoever calls a layer runs after its
    ``forward``; so ``forward`` and ``backward`` here pass on what they get.

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
        self.activation = activations.get(activation, self.dtype)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """The input."""
        return x

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """The gradient as it comes."""
        return dy
