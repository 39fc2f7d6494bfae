"""CategoricalCrossentropy: crossentropy of one-hot targets."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit.losses import targets
from nnkit.losses.rows import Crossentropy
from nnkit.losses.targets import doubt_shares

__all__ = ["CategoricalCrossentropy"]


class CategoricalCrossentropy(Crossentropy):
    """``-sum(t * log(p))`` of each row; targets are one-hot, or probabilities that sum to 1.

    Targets may be other numbers as well, such as one-hot rows times advantages.

    Parameters
    ----------
    from_logits : bool
        Whether predictions are logits, to which the loss applies a softmax. A model that ends in a
        softmax doesn't need this: the loss reads the softmax's input anyway.
    label_smoothing : float
        s from 0 to 1: t becomes (1 - s) t + s / classes.
    axis : int
        Must be -1.
    reduction, name, dtype
        See :class:`Loss`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, in ``prepare``, the targets don't fit.

    Notes
    -----
    From probabilities as in Keras 3: p is divided by its sum and clipped to [1e-7, 1 - 1e-7]. If
    its sum is 0, each p counts as 0, where Keras gives NaN.
    From logits z: log(sum(exp(z))) sum(t) - sum(t z), with the gradient p sum(t) - t.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> loss = nnkit.losses.CategoricalCrossentropy()
    >>> round(loss(np.array([[0, 1]]), np.array([[0.5, 0.5]])), 6)
    0.693147
    """

    kernel = "categorical_crossentropy"
    fused = "softmax_crossentropy"
    absorbed = "Softmax"

    def prepare(self, y: Any, output_shape: tuple[int | None, ...]) -> np.ndarray:
        """Check the targets, and return them as (n, outputs of a sample)."""
        k = output_shape[-1]
        self.check_classes(k)
        hint = (
            f"labels go with sparse_categorical_crossentropy, or nnkit.utils.to_categorical(y, {k})"
        )
        prepared = targets.as_numbers(self.name, y, output_shape, hint)
        targets.check_finite(self.name, prepared)
        return prepared

    def doubts(
        self,
        targets: np.ndarray,
        output_shape: tuple[int | None, ...],
        counts: np.ndarray | None = None,
    ) -> str:
        """Text of a warning if there are rows of zeros."""
        rows = targets.reshape(len(targets), -1, output_shape[-1] or 1)
        return doubt_shares(self.name, rows, counts)
