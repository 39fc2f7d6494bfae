"""Residual: a skip connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnkit.layers.parallel import Parallel

__all__ = ["Residual"]


class Residual(Parallel):
    """``activation(layers(x) + shortcut(x))``.

    K. He et al., 2016, "Deep residual learning for image recognition".

    Parameters
    ----------
    layers : Layer or list of Layer
        The layers of the block, in sequence.
    shortcut : Layer or list of Layer, optional
        By default the identity; then the layers' output must have the input's shape.
    activation : str or Layer, optional
        Applied to the sum.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        Something is not a layer; or, once the input's shape is known, the two outputs differ in
        shape.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> from nnkit.layers import Dense, Residual
    >>> block = Residual([Dense(8, activation="relu"), Dense(4, kernel_initializer="zeros")])
    >>> block(np.array([[1.0, 2.0, 3.0, 4.0]]))
    array([[1., 2., 3., 4.]], dtype=float32)
    """

    settled = ("branches", "merge")

    def __init__(
        self, layers: Any, shortcut: Any = (), activation: Any = None, **options: Any
    ) -> None:
        def many(given: Any) -> Sequence[Any]:
            return given if isinstance(given, (list, tuple)) else [given]

        shortcut = () if shortcut is None else shortcut
        super().__init__([many(layers), many(shortcut)], "add", activation=activation, **options)
