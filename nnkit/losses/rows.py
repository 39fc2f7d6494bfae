"""RowLoss and Crossentropy: base classes of losses with a kernel for the value and the gradient."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import empty, launch
from nnkit.errors import warn
from nnkit.losses.base import BuiltInLoss
from nnkit.registry import class_named

_ROUNDING = 1e-4  # Rounding may make a probability a little larger than 1.

__all__ = ["Crossentropy", "RowLoss", "as_rows"]


class RowLoss(BuiltInLoss, abstract=True):
    """A loss computed by two kernels.

    Attributes
    ----------
    kernel : str
        ``kernel(p, t, *numbers, values)`` gives the loss of each row of p, and
        ``kernel_backward(p, t, *numbers, weights, dp)`` the gradient.
    numbers : tuple of float
    """

    recordable = True
    kernel: ClassVar[str]
    numbers: tuple[float, ...] = ()

    def forward(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """The loss of each row."""
        self.y_true, self.y_pred, self.used = y_true, y_pred, self.kernel
        p, t = as_rows(y_pred, y_true, self.sparse)
        values = empty((len(p),), p.dtype)
        getattr(launch, self.kernel)(p, t, *self.numbers, values)
        return values

    def backward(self, weights: np.ndarray) -> np.ndarray:
        """The gradient of the predictions, or of the logits after ``forward_logits``."""
        dy = empty(self.y_pred.shape, self.y_pred.dtype)
        p, t = as_rows(self.y_pred, self.y_true, self.sparse)
        kernel = getattr(launch, f"{self.used}_backward")
        kernel(p, t, *self.numbers, weights, dy.reshape(p.shape))
        return dy


class Crossentropy(RowLoss, abstract=True):
    """A loss of probabilities, or of logits.

    Attributes
    ----------
    fused : str
        Name of the kernel for logits z, ``fused(z, t, *numbers, p, values)``, which writes p, too.
    absorbed : str
        Name of the layer whose work that kernel does.
    """

    fused: ClassVar[str]
    absorbed: ClassVar[str]

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        owner = type(self).__name__
        self.from_logits = checks.flag(owner, "from_logits", from_logits)
        self.label_smoothing = checks.number(owner, "label_smoothing", label_smoothing, "[0, 1]")
        self.axis = checks.integer(owner, "axis", axis, -1, -1)
        self.numbers = () if self.sparse else (self.label_smoothing,)

    def absorbs(self, activation: Any, rank: int) -> bool:
        """True for the layer that makes each row's probabilities, not for a class derived from it.

        The derived class may compute something else. A softmax must be over the last axis.
        """
        absorbed: Any = class_named("layer", self.absorbed)
        if self.from_logits or type(activation) is not absorbed:
            return False
        return self.absorbed != "Softmax" or activation.axis in (-1, rank - 1)

    def check_classes(self, classes: int | None) -> None:
        """Refuse a single output: its softmax is always 1.

        Raises
        ------
        ValueError
        """
        if classes == 1:
            raise ValueError(
                f"{self.name} is 0 for a single output: use binary_crossentropy, or one output "
                "for each class"
            )

    def forward(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """The loss of each row, from probabilities unless ``from_logits``."""
        if self.from_logits:
            return self.forward_logits(y_true, y_pred)
        if y_pred.size and (y_pred.min() < 0 or y_pred.max() > 1 + _ROUNDING):
            warn(
                f"{self.name} takes probabilities, but got outputs from {y_pred.min():.4g} to "
                f"{y_pred.max():.4g}: end the model with a softmax or sigmoid, or give the loss "
                "from_logits=True",
                RuntimeWarning,
            )
        return super().forward(y_true, y_pred)

    def forward_logits(self, y_true: np.ndarray, z: np.ndarray) -> np.ndarray:
        """The loss of each row, from logits; sets ``self.y_pred`` to the probabilities."""
        self.y_true, self.y_pred, self.used = y_true, empty(z.shape, z.dtype), self.fused
        rows, t = as_rows(z, y_true, self.sparse)
        values = empty((len(rows),), rows.dtype)
        p = self.y_pred.reshape(rows.shape)
        getattr(launch, self.fused)(rows, t, *self.numbers, p, values)
        return values


def as_rows(y_pred: np.ndarray, y_true: np.ndarray, sparse: bool) -> tuple[np.ndarray, np.ndarray]:
    """View arrays as kernels take them: p (rows, k), and t (rows, k) or labels (rows,)."""
    k = y_pred.shape[-1]
    p = y_pred.reshape(y_pred.size // k, k)
    return p, y_true.reshape(len(p) if sparse else p.shape)
