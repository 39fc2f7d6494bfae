"""SparseCategoricalCrossentropy: crossentropy of class labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import empty, launch
from nnkit.losses import targets
from nnkit.losses.rows import Crossentropy

__all__ = ["SparseCategoricalCrossentropy"]


class SparseCategoricalCrossentropy(Crossentropy):
    """``-log(p[t])`` of each row; targets are class labels, counted from 0.

    Parameters
    ----------
    from_logits : bool
        Whether predictions are logits, to which the loss applies a softmax. A model that ends in a
        softmax doesn't need this: the loss reads the softmax's input anyway.
    ignore_class : int, optional
        A label, such as -1 or 255, whose rows have no loss and are not counted in the mean.
    reduction
        See :class:`Loss`.
    axis : int
        Must be -1.
    name, dtype
        See :class:`Loss`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, in ``prepare``, the labels don't fit.

    Notes
    -----
    From probabilities as in Keras 3: p is divided by its sum and clipped to [1e-7, 1 - 1e-7].
    From logits z: log(sum(exp(z))) - z[t], with the gradient p - one_hot(t).

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> loss = nnkit.losses.SparseCategoricalCrossentropy()
    >>> round(loss(np.array([1]), np.array([[0.5, 0.5]])), 6)
    0.693147
    """

    kernel = "sparse_categorical_crossentropy"
    fused = "sparse_softmax_crossentropy"
    absorbed = "Softmax"
    sparse = True

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(from_logits, 0.0, axis, reduction, name, dtype)
        self.ignore_class = ignore_class
        if ignore_class is not None:
            owner = type(self).__name__
            self.ignore_class = checks.integer(owner, "ignore_class", ignore_class, -(2**31))

    def prepare(self, y: Any, output_shape: tuple[int | None, ...]) -> np.ndarray:
        """Check the labels, and return them in the output's shape without its last axis."""
        hint = "one-hot targets go with categorical_crossentropy, or give y.argmax(axis=-1)"
        labels = targets.as_labels(self.name, y, output_shape, hint, self.ignore_class)
        self.check_classes(output_shape[-1])
        return labels

    def counted(self, y_true: np.ndarray) -> np.ndarray | None:
        """Which rows are not of the ignored class, after ``forward``."""
        return None if self.ignore_class is None else self._counts

    def forward(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """The loss of each row, from probabilities unless ``from_logits``; 0 of ignored rows."""
        if self.from_logits:
            return self.forward_logits(y_true, y_pred)
        labels = self._known(y_true, y_pred)
        return self._without_ignored(super().forward(labels, y_pred))

    def forward_logits(self, y_true: np.ndarray, z: np.ndarray) -> np.ndarray:
        """The loss of each row, from logits; sets ``self.y_pred`` to the probabilities."""
        return self._without_ignored(super().forward_logits(self._known(y_true, z), z))

    def backward(self, weights: np.ndarray) -> np.ndarray:
        """The gradient of the predictions, or of the logits after ``forward_logits``."""
        return super().backward(self._without_ignored(weights))

    def _known(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Labels with 0 in place of the ignored class, and which rows count."""
        if self.ignore_class is None:
            return y_true
        given = y_true.reshape(-1)
        labels, self._counts = empty(given.shape, np.int32), empty(given.shape, y_pred.dtype)
        launch.ignore_class(given, self.ignore_class, labels, self._counts)
        return labels

    def _without_ignored(self, values: np.ndarray) -> np.ndarray:
        """Numbers of rows, 0 for ignored ones."""
        if self.ignore_class is None:
            return values
        kept = empty(values.shape, values.dtype)
        launch.multiply(values, self._counts, kept)
        return kept
