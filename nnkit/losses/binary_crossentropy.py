"""Crossentropy of outputs that are each yes or no."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.device import empty, launch
from nnkit.layers.base import Layer
from nnkit.layers.sigmoid import Sigmoid
from nnkit.losses import targets
from nnkit.losses.base import Loss, as_rows

__all__ = ["BinaryCrossentropy"]


class BinaryCrossentropy(Loss):
    """``-mean(t * log(p) + (1 - t) * log(1 - p))`` of each row; targets are from 0 to 1.

    Parameters
    ----------
    from_logits : bool
        The predictions are what a sigmoid would be taken of. A model that ends in a sigmoid needs
        no such thing: the loss takes the sigmoid's input anyway.
    label_smoothing : float
        s from 0 to 1: t becomes (1 - s) t + s / 2.
    axis : int
        Only -1.
    name : str, optional
    reduction : str
        See :class:`Loss`.

    Raises
    ------
    TypeError, ValueError
        An argument is not what it should be. On ``prepare``: the targets don't fit.

    Notes
    -----
    From probabilities as in Keras 3: p is clipped to [1e-7, 1 - 1e-7]. Together with the sigmoid:
    log(1 + exp(-abs(z))) + max(z, 0) - t z, with the gradient p - t.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> loss = nnkit.losses.BinaryCrossentropy()
    >>> round(loss(np.array([0, 1]), np.array([[0.5], [0.5]])), 6)
    0.693147
    """

    aliases = ("bce", "BCE")
    recordable = True

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        name: str | None = None,
        reduction: str = "sum_over_batch_size",
    ) -> None:
        super().__init__(name, reduction)
        owner = type(self).__name__
        self.from_logits = checks.flag(owner, "from_logits", from_logits)
        self.label_smoothing = checks.number(owner, "label_smoothing", label_smoothing, "[0, 1]")
        self.axis = checks.integer(owner, "axis", axis, -1, -1)

    def prepare(self, y: Any, output_shape: tuple[int | None, ...]) -> np.ndarray:
        """(n, outputs of a sample), each from 0 to 1."""
        prepared = targets.as_numbers(
            self.name, y, output_shape, "labels of classes go with sparse_categorical_crossentropy"
        )
        hint = "two classes are 0 and 1; for more, use sparse_categorical_crossentropy"
        targets.check_shares(self.name, prepared, hint)
        return prepared

    def absorbs(self, activation: Layer) -> bool:
        """A sigmoid."""
        return isinstance(activation, Sigmoid) and not self.from_logits

    def forward(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Loss of each row, from probabilities unless ``from_logits``."""
        if self.from_logits:
            return self.forward_logits(y_true, y_pred)
        self.fused, self.y_true, self.y_pred = False, y_true, y_pred
        p, t = as_rows(y_pred, y_pred.shape[-1]), as_rows(y_true, y_pred.shape[-1])
        values = empty(p.shape[:1], p.dtype)
        launch.binary_crossentropy(p, t, self.label_smoothing, values)
        return values

    def forward_logits(self, y_true: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Loss of each row, with the sigmoid; its probabilities are ``self.y_pred``."""
        self.fused, self.y_true, self.y_pred = True, y_true, empty(z.shape, z.dtype)
        rows, p, t = (as_rows(a, z.shape[-1]) for a in (z, self.y_pred, y_true))
        values = empty(p.shape[:1], p.dtype)
        launch.sigmoid_crossentropy(rows, t, self.label_smoothing, p, values)
        return values

    def backward(self, weights: np.ndarray) -> np.ndarray:
        """Gradient of what ``forward`` or ``forward_logits`` took."""
        dy = empty(self.y_pred.shape, self.y_pred.dtype)
        p, t, d = (as_rows(a, dy.shape[-1]) for a in (self.y_pred, self.y_true, dy))
        if self.fused:
            launch.sigmoid_crossentropy_backward(p, t, self.label_smoothing, weights, d)
        else:
            launch.binary_crossentropy_backward(p, t, self.label_smoothing, weights, d)
        return dy
