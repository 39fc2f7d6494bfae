"""Crossentropy of labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.device import empty, launch
from nnkit.layers.base import Layer
from nnkit.layers.softmax import Softmax
from nnkit.losses import targets
from nnkit.losses.base import Loss, as_rows

__all__ = ["SparseCategoricalCrossentropy"]


class SparseCategoricalCrossentropy(Loss):
    """``-log(p[t])`` of each row; targets are class numbers from 0 on.

    Parameters
    ----------
    from_logits : bool
        The predictions are what a softmax would be taken of. A model that ends in a softmax needs
        no such thing: the loss takes the softmax's input anyway.
    ignore_class : None
        Only here because Keras has it; give such rows a sample weight of 0.
    axis : int
        Only -1.
    name : str, optional
    reduction : str
        See :class:`Loss`.

    Raises
    ------
    TypeError, ValueError
        An argument is not what it should be. On ``prepare``: the labels don't fit.

    Notes
    -----
    From probabilities as in Keras 3: p is divided by its sum and clipped to [1e-7, 1 - 1e-7].
    Together with the softmax: log(sum(exp(z))) - z[t], with the gradient p, less 1 at t.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> loss = nnkit.losses.SparseCategoricalCrossentropy()
    >>> round(loss(np.array([1]), np.array([[0.5, 0.5]])), 6)
    0.693147
    """

    recordable = True
    sparse = True

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: None = None,
        axis: int = -1,
        name: str | None = None,
        reduction: str = "sum_over_batch_size",
    ) -> None:
        super().__init__(name, reduction)
        owner = type(self).__name__
        self.from_logits = checks.flag(owner, "from_logits", from_logits)
        if ignore_class is not None:
            raise ValueError(
                f"{owner}: ignore_class is not supported, got {ignore_class!r}; give those rows a "
                "sample weight of 0 and any valid label"
            )
        self.axis = checks.integer(owner, "axis", axis, -1, -1)

    def prepare(self, y: Any, output_shape: tuple[int | None, ...]) -> np.ndarray:
        """Labels in the output's shape without its last axis."""
        hint = "one-hot targets go with categorical_crossentropy, or give y.argmax(axis=-1)"
        return targets.as_labels(self.name, y, output_shape, hint)

    def absorbs(self, activation: Layer) -> bool:
        """A softmax over the last axis."""
        is_softmax = isinstance(activation, Softmax) and activation.is_over_last_axis()
        return is_softmax and not self.from_logits

    def forward(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Loss of each row, from probabilities unless ``from_logits``."""
        if self.from_logits:
            return self.forward_logits(y_true, y_pred)
        self.fused, self.y_true, self.y_pred = False, y_true, y_pred
        p, t = as_rows(y_pred, y_pred.shape[-1]), y_true.reshape(y_true.size)
        values = empty(t.shape, p.dtype)
        launch.sparse_categorical_crossentropy(p, t, values)
        return values

    def forward_logits(self, y_true: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Loss of each row, with the softmax; its probabilities are ``self.y_pred``."""
        self.fused, self.y_true, self.y_pred = True, y_true, empty(z.shape, z.dtype)
        rows, p = as_rows(z, z.shape[-1]), as_rows(self.y_pred, z.shape[-1])
        t = y_true.reshape(y_true.size)
        values = empty(t.shape, p.dtype)
        launch.sparse_softmax_crossentropy(rows, t, p, values)
        return values

    def backward(self, weights: np.ndarray) -> np.ndarray:
        """Gradient of what ``forward`` or ``forward_logits`` took."""
        dy = empty(self.y_pred.shape, self.y_pred.dtype)
        p, d = as_rows(self.y_pred, dy.shape[-1]), as_rows(dy, dy.shape[-1])
        t = self.y_true.reshape(self.y_true.size)
        if self.fused:
            launch.sparse_softmax_crossentropy_backward(p, t, weights, d)
        else:
            launch.sparse_categorical_crossentropy_backward(p, t, weights, d)
        return dy
