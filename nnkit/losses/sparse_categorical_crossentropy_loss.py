"""SparseCategoricalCrossentropy: crossentropy of class labels."""

from __future__ import annotations

from typing import Any

import numpy as np

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
    ignore_class : None
        Must be None. To ignore a class, give its rows a sample weight of 0.
    reduction : str
        See :class:`Loss`.
    axis : int
        Must be -1.
    name : str, optional

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
        ignore_class: None = None,
        reduction: str = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = None,
    ) -> None:
        super().__init__(from_logits, 0.0, axis, reduction, name)
        if ignore_class is not None:
            raise ValueError(
                f"{type(self).__name__}: ignore_class is not supported, got {ignore_class!r}; give "
                "those rows a sample weight of 0 and any valid label"
            )

    def prepare(self, y: Any, output_shape: tuple[int | None, ...]) -> np.ndarray:
        """Check the labels, and return them in the output's shape without its last axis."""
        hint = "one-hot targets go with categorical_crossentropy, or give y.argmax(axis=-1)"
        labels = targets.as_labels(self.name, y, output_shape, hint)
        self.check_classes(output_shape[-1])
        return labels
