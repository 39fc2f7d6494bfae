"""BinaryCrossentropy: crossentropy of outputs that are independent probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit.losses import targets
from nnkit.losses.rows import Crossentropy
from nnkit.losses.targets import doubt_yes_or_no

__all__ = ["BinaryCrossentropy"]


class BinaryCrossentropy(Crossentropy):
    """``-mean(t * log(p) + (1 - t) * log(1 - p))`` of each row.

    Targets should be from 0 to 1. The formula is defined for others too; ``fit`` warns of them.

    Parameters
    ----------
    from_logits : bool
        Whether predictions are logits, to which the loss applies a sigmoid. A model that ends in a
        sigmoid doesn't need this: the loss reads the sigmoid's input anyway.
    label_smoothing : float
        s from 0 to 1: t becomes (1 - s) t + s / 2.
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
    From probabilities as in Keras 3: p is clipped to [1e-7, 1 - 1e-7]. From logits z:
    log(1 + exp(-abs(z))) + max(z, 0) - t z, with the gradient p - t.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> loss = nnkit.losses.BinaryCrossentropy()
    >>> round(loss(np.array([0, 1]), np.array([[0.5], [0.5]])), 6)
    0.693147
    """

    aliases = ("bce", "BCE")
    kernel = "binary_crossentropy"
    fused = "sigmoid_crossentropy"
    absorbed = "Sigmoid"

    def prepare(self, y: Any, output_shape: tuple[int | None, ...]) -> np.ndarray:
        """Check the targets, and return them as (n, outputs of a sample)."""
        prepared = targets.as_numbers(
            self.name, y, output_shape, "labels of classes go with sparse_categorical_crossentropy"
        )
        targets.check_finite(self.name, prepared)
        return prepared

    def doubts(
        self,
        targets: np.ndarray,
        output_shape: tuple[int | None, ...],
        counts: np.ndarray | None = None,
    ) -> str:
        """Text of a warning if targets are not from 0 to 1."""
        return doubt_yes_or_no(self.name, targets)
