"""Dropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.device import launch
from nnkit.layers.base import Layer
from nnkit.utils.random import next_seed

__all__ = ["Dropout"]


class Dropout(Layer):
    """Sets elements to 0 at random in training, and scales the others up by ``1 / (1 - rate)``.

    N. Srivastava et al., 2014, "Dropout: a simple way to prevent neural networks from overfitting".

    Parameters
    ----------
    rate : float
        Share that is dropped, from 0 to 1. With 1 the output is zeros.
    noise_shape : None
        Only here because Keras has it: one element is one decision.
    seed : int, optional
        From 0 to 2**63 - 1; by default from :func:`nnkit.utils.set_random_seed`'s generator.
    **options
        Those of :class:`Layer`.

    Attributes
    ----------
    counter : numpy.ndarray
        int64 (1,), the training step. What is dropped is a function of seed, step and position, so
        a resumed training drops the same. A model puts its own counter here.

    Raises
    ------
    TypeError, ValueError
        ``rate`` or ``seed`` is out of range, or ``noise_shape`` is given.

    Notes
    -----
    Output of the input's shape; outside training the input itself. Backward: the same mask and
    factor on dy.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> dropout = nnkit.layers.Dropout(0.5, seed=1)
    >>> dropout(np.ones((1, 4)))
    array([[1., 1., 1., 1.]], dtype=float32)
    >>> np.unique(dropout(np.ones((9, 9)), training=True))
    array([0., 2.], dtype=float32)
    """

    recordable = True

    def __init__(
        self, rate: float, noise_shape: None = None, seed: int | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self.rate = checks.number("Dropout", "rate", rate, "[0, 1]")
        if noise_shape is not None:
            raise ValueError(
                f"Dropout: noise_shape is not supported, got {noise_shape!r}; leave it out, and "
                "every element is dropped on its own"
            )
        given = checks.seed("Dropout", seed)
        self.key = next_seed() if given is None else given
        self.counter = np.zeros(1, np.int64)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """y = x / (1 - rate) where kept, else 0."""
        self.drops = training and self.rate > 0
        if not self.drops:
            return x
        y = self.empty(x.shape)
        launch.dropout(x, self.rate, self.key, self.counter, 0, y)
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx = dy / (1 - rate) where kept, else 0: the counter still is that of ``forward``."""
        if not self.drops:
            return dy
        dx = self.empty(dy.shape)
        launch.dropout(dy, self.rate, self.key, self.counter, 0, dx)
        return dx

    def get_state(self) -> dict[str, int]:
        """What a model's file keeps, so that a resumed training drops the same."""
        return {"key": self.key}

    def set_state(self, state: dict[str, int]) -> None:
        """Go on with what :meth:`get_state` returned."""
        self.key = checks.integer("Dropout", "key", state["key"], 0, 2**63 - 1)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.counter = np.zeros(1, np.int64)
