"""CategoricalFocalCrossentropy: crossentropy that counts easy examples less."""

from __future__ import annotations

from typing import Any

from nnkit import checks
from nnkit.losses.base import BuiltInLoss
from nnkit.losses.formulas import EPSILON

__all__ = ["CategoricalFocalCrossentropy"]


class CategoricalFocalCrossentropy(BuiltInLoss):
    """``sum(alpha * (1 - p) ** gamma * -t * log(p))`` of each row; targets are one-hot.

    Parameters
    ----------
    alpha : float
        A factor; at least 0.
    gamma : float
        How much less easy examples count; at least 0.
    from_logits : bool
        Whether predictions are logits, to which the loss applies a softmax.
    label_smoothing : float
        s from 0 to 1: t becomes (1 - s) t + s / classes.
    axis : int
        Must be -1.
    reduction, name, dtype
        See :class:`Loss`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Notes
    -----
    p is divided by its sum and clipped to [1e-7, 1 - 1e-7], as in Keras.
    Lin, T.-Y., et al. (2017). Focal loss for dense object detection (arXiv:1708.02002).

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> loss = nnkit.losses.CategoricalFocalCrossentropy()
    >>> round(loss(np.array([[0.0, 1.0]]), np.array([[0.4, 0.6]])), 6)
    0.020433
    """

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        owner = type(self).__name__
        self.alpha = checks.number(owner, "alpha", alpha, "[0, inf)")
        self.gamma = checks.number(owner, "gamma", gamma, "[0, inf)")
        self.from_logits = checks.flag(owner, "from_logits", from_logits)
        self.label_smoothing = checks.number(owner, "label_smoothing", label_smoothing, "[0, 1]")
        self.axis = checks.integer(owner, "axis", axis, -1, -1)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The sum over each row."""
        from nnkit import ops

        t, smoothing = y_true, self.label_smoothing
        if smoothing:
            classes = ops.sum(ops.ones_like(y_pred), axis=-1, keepdims=True)
            t = t * (1.0 - smoothing) + smoothing / classes
        p = ops.softmax(y_pred, axis=-1) if self.from_logits else y_pred
        p = ops.clip(p / ops.sum(p, axis=-1, keepdims=True), EPSILON, 1.0 - EPSILON)
        return ops.sum(self.alpha * (1.0 - p) ** self.gamma * -t * ops.log(p), axis=-1)
