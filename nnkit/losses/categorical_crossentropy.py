"""Crossentropy of one-hot targets."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.device import empty, launch
from nnkit.layers.base import Layer
from nnkit.layers.softmax import Softmax
from nnkit.losses import targets
from nnkit.losses.base import Loss, as_rows

__all__ = ["CategoricalCrossentropy"]


class CategoricalCrossentropy(Loss):
    """``-sum(t * log(p))`` of each row; targets are one-hot, or any shares that sum to 1.

    Parameters
    ----------
    from_logits : bool
        The predictions are what a softmax would be taken of. A model that ends in a softmax needs
        no such thing: the loss takes the softmax's input anyway.
    label_smoothing : float
        s from 0 to 1: t becomes (1 - s) t + s / classes.
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
    From probabilities as in Keras 3: p is divided by its sum and clipped to [1e-7, 1 - 1e-7].
    Together with the softmax: log(sum(exp(z))) sum(t) - sum(t z), with the gradient p sum(t) - t.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> loss = nnkit.losses.CategoricalCrossentropy()
    >>> round(loss(np.array([[0, 1]]), np.array([[0.5, 0.5]])), 6)
    0.693147
    """

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
        k = output_shape[-1]
        if k == 1:
            raise ValueError(
                f"{self.name} is 0 for a single output: use binary_crossentropy, or one output "
                "for each class"
            )
        hint = (
            f"labels go with sparse_categorical_crossentropy, or nnkit.utils.to_categorical(y, {k})"
        )
        prepared = targets.as_numbers(self.name, y, output_shape, hint)
        targets.check_shares(self.name, prepared, "one-hot rows hold a 1 and zeros")
        return prepared

    def absorbs(self, activation: Layer) -> bool:
        """A softmax over the last axis."""
        is_softmax = isinstance(activation, Softmax) and activation.is_over_last_axis()
        return is_softmax and not self.from_logits

    def forward(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Loss of each row, from probabilities unless ``from_logits``."""
        if self.from_logits:
            return self.forward_logits(y_true, y_pred)
        self.fused, self.y_true, self.y_pred = False, y_true, y_pred
        p, t = as_rows(y_pred, y_pred.shape[-1]), as_rows(y_true, y_pred.shape[-1])
        values = empty(p.shape[:1], p.dtype)
        launch.categorical_crossentropy(p, t, self.label_smoothing, values)
        return values

    def forward_logits(self, y_true: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Loss of each row, with the softmax; its probabilities are ``self.y_pred``."""
        self.fused, self.y_true, self.y_pred = True, y_true, empty(z.shape, z.dtype)
        rows, p, t = (as_rows(a, z.shape[-1]) for a in (z, self.y_pred, y_true))
        values = empty(p.shape[:1], p.dtype)
        launch.softmax_crossentropy(rows, t, self.label_smoothing, p, values)
        return values

    def backward(self, weights: np.ndarray) -> np.ndarray:
        """Gradient of what ``forward`` or ``forward_logits`` took."""
        dy = empty(self.y_pred.shape, self.y_pred.dtype)
        p, t, d = (as_rows(a, dy.shape[-1]) for a in (self.y_pred, self.y_true, dy))
        if self.fused:
            launch.softmax_crossentropy_backward(p, t, self.label_smoothing, weights, d)
        else:
            launch.categorical_crossentropy_backward(p, t, self.label_smoothing, weights, d)
        return dy
