"""BinaryFocalCrossentropy: binary crossentropy that counts easy examples less."""

from __future__ import annotations

from typing import Any

from nnkit import checks
from nnkit.losses.base import BuiltInLoss
from nnkit.losses.formulas import EPSILON

__all__ = ["BinaryFocalCrossentropy"]


class BinaryFocalCrossentropy(BuiltInLoss):
    """``mean((1 - q) ** gamma * crossentropy)`` of each row; q is the probability of the target.

    Parameters
    ----------
    apply_class_balancing : bool
        Whether to weigh the class 1 by alpha, and 0 by 1 - alpha.
    alpha : float
        From 0 to 1.
    gamma : float
        How much less easy examples count; at least 0.
    from_logits : bool
        Whether predictions are logits, to which the loss applies a sigmoid.
    label_smoothing : float
        s from 0 to 1: t becomes (1 - s) t + s / 2.
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
    With p clipped to [1e-7, 1 - 1e-7] in the crossentropy, as in Keras.
    Lin, T.-Y., et al. (2017). Focal loss for dense object detection (arXiv:1708.02002).

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> loss = nnkit.losses.BinaryFocalCrossentropy()
    >>> round(loss(np.array([[0.0, 1.0]]), np.array([[0.5, 0.6]])), 6)
    0.127509
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
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
        balanced = checks.flag(owner, "apply_class_balancing", apply_class_balancing)
        self.apply_class_balancing = balanced
        self.alpha = checks.number(owner, "alpha", alpha, "[0, 1]")
        self.gamma = checks.number(owner, "gamma", gamma, "[0, inf)")
        self.from_logits = checks.flag(owner, "from_logits", from_logits)
        self.label_smoothing = checks.number(owner, "label_smoothing", label_smoothing, "[0, 1]")
        self.axis = checks.integer(owner, "axis", axis, -1, -1)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The mean over each row."""
        from nnkit import ops

        t, smoothing = y_true, self.label_smoothing
        if smoothing:
            t = t * (1.0 - smoothing) + 0.5 * smoothing
        p = ops.sigmoid(y_pred) if self.from_logits else y_pred
        inside = ops.clip(p, EPSILON, 1.0 - EPSILON)
        losses = -(t * ops.log(inside) + (1.0 - t) * ops.log(1.0 - inside))
        losses = losses * (1.0 - (t * p + (1.0 - t) * (1.0 - p))) ** self.gamma
        if self.apply_class_balancing:
            losses = losses * (t * self.alpha + (1.0 - t) * (1.0 - self.alpha))
        return ops.mean(losses, axis=-1)
