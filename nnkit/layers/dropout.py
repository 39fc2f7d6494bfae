"""Dropout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.base import Shape
from nnkit.layers.random_layer import RandomLayer

__all__ = ["Dropout"]

_MOST = 5  # The number of axes that the kernel with a noise_shape takes.


class Dropout(RandomLayer):
    """Set elements to 0 at random in training, and scale the others by ``1 / (1 - rate)``.

    N. Srivastava et al., 2014, "Dropout: a simple way to prevent neural networks from overfitting".

    Parameters
    ----------
    rate : float
        The fraction of elements to drop, from 0 to 1. With 1 the output is zeros.
    noise_shape : tuple of (int or None), optional
        The input's shape, the batch first, with 1 for axes whose elements are dropped together:
        ``(None, 1, None)`` drops whole features of a sequence. None means the input's size.
    seed : int, optional
        From 0 to 2**63 - 1; by default from :func:`nnkit.utils.set_random_seed`'s generator.
    **options
        Arguments of :class:`Layer`.

    Attributes
    ----------
    counter : numpy.ndarray
        int64 (1,), the training step. The mask is a function of seed, step and position, so a
        resumed training drops the same elements. A model replaces this array by its own counter.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, once the input's shape is known, ``noise_shape``
        doesn't fit that shape.

    Notes
    -----
    Output of the input's shape; outside training the input itself. Backward: mask and factor of the
    forward pass are applied to dy.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> dropout = nnkit.layers.Dropout(0.5, seed=1)
    >>> dropout(np.ones((1, 4)))
    array([[1., 1., 1., 1.]], dtype=float32)
    >>> np.unique(dropout(np.ones((9, 9)), training=True))
    array([0., 2.], dtype=float32)
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(seed, **options)
        self.rate = checks.number(type(self).__name__, "rate", rate, "[0, 1]")
        self.noise_shape = (
            None
            if noise_shape is None
            else checks.partial_shape(type(self).__name__, "noise_shape", noise_shape)
        )

    def build(self, input_shape: Shape) -> None:
        """Check that ``noise_shape`` fits the input."""
        self.compute_output_shape(input_shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The same."""
        self._shared_shape(input_shape)
        return input_shape

    def _shared_shape(self, shape: Shape) -> Shape | None:
        """The noise's shape for inputs of a shape; None if each element is dropped by itself.

        Raises
        ------
        ValueError
            ``noise_shape`` doesn't fit the shape.
        """
        noise = self.noise_shape
        if noise is None:
            return None
        pairs = list(zip(noise, shape, strict=False))
        fits = all(n in (None, 1, size) or size is None for n, size in pairs)
        if len(noise) != len(shape) or not fits or len(noise) > _MOST:
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}) has noise_shape {noise}, but inputs "
                f"of shape {shape}: it must have as many axes, {_MOST} at most, of the input's "
                "size (or None) or 1"
            )
        return tuple(size if n is None else n for n, size in pairs)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """y = x / (1 - rate) where kept, else 0."""
        self.drops = training and self.rate > 0
        return self._drop(x) if self.drops else x

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx = dy / (1 - rate) where kept, else 0; the counter is still as in ``forward``."""
        return self._drop(dy) if self.drops else dy

    def _drop(self, x: np.ndarray) -> np.ndarray:
        y, shape = self.empty(x.shape), self._shared_shape(x.shape)
        if shape is None:
            launch.dropout(x, self.rate, self.key, self.counter, 0, y)
            return y
        mask = self.empty(tuple(n or 0 for n in shape))
        launch.dropout_mask(self.rate, self.key, self.counter, 0, mask)
        before = (1,) * (_MOST - x.ndim)
        steps = [step // x.itemsize for step in np.broadcast_to(mask, x.shape).strides]
        steps[1:1] = [0] * len(before)
        wide = (x.shape[0], *before, *x.shape[1:])
        launch.apply_mask(x.reshape(wide), mask.reshape(-1), *steps, 0, y.reshape(wide))
        return y
