"""CTC: of labels in order, wherever they lie along the timesteps."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit.engine.dispatch import empty, launch
from nnkit.losses import targets
from nnkit.losses.base import BuiltInLoss

__all__ = ["CTC"]


class CTC(BuiltInLoss):
    """``-log(P(t))`` of each sample: the probability of its labels, in all their alignments.

    Predictions are logits, (batch, steps, classes); class 0 is the blank between labels. Targets
    are labels from 1 on, (batch, length), with zeros at the end of shorter rows.

    Parameters
    ----------
    reduction, name, dtype
        See :class:`Loss`.

    Raises
    ------
    ValueError
        In ``prepare``: targets or predictions have other axes, a label is unknown, there are zeros
        before labels, or more labels than the steps have room for (equal neighbours need a blank in
        between).

    Notes
    -----
    Computed in float64 by the forward-backward algorithm, in steps times labels. Graves, A., et al.
    (2006). Connectionist temporal classification: labelling unsegmented sequence data with
    recurrent neural networks.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> loss = nnkit.losses.CTC()
    >>> round(loss(np.array([[1, 2]]), np.zeros((1, 3, 3))), 6)
    1.686399
    """

    recordable = True
    sparse = True

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "ctc",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)

    def prepare(self, y: Any, output_shape: tuple[int | None, ...]) -> np.ndarray:
        """Check the labels, and return them as (n, length)."""
        if len(output_shape) != 3:
            raise ValueError(
                f"{self.name} takes predictions of shape (batch, steps, classes), got "
                f"{output_shape}"
            )
        labels = targets.numeric(self.name, y)
        if labels.ndim != 2:
            raise ValueError(
                f"{self.name}: targets must have shape (n, length), got {labels.shape}"
            )
        # A matrix of labels for as many outputs, whatever its width.
        shape = (None, labels.shape[1], output_shape[2])
        labels = targets.as_labels(self.name, labels, shape)
        counts = labels != 0
        steps = output_shape[1]
        needed = counts.sum(axis=1)
        needed = needed + (counts[:, 1:] & (labels[:, 1:] == labels[:, :-1])).sum(axis=1)
        for row in np.flatnonzero((counts[:, 1:] & ~counts[:, :-1]).any(axis=1))[:1]:
            raise ValueError(f"{self.name}: zeros stand at the end, but y[{row}] is {labels[row]}")
        if steps is not None and needed.size and needed.max() > steps:
            row = int(needed.argmax())
            raise ValueError(
                f"{self.name}: y[{row}] needs {needed[row]} steps with the blanks between equal "
                f"labels, but predictions have {steps}"
            )
        return labels

    def values_of(self, shape: tuple[int, ...]) -> int:
        """One for each sample."""
        return shape[0]

    def forward(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """The loss of each sample, repeated for its steps."""
        n, steps, _ = y_pred.shape
        self.labels, states = y_true, 2 * y_true.shape[1] + 1
        self.y_pred = y_pred
        self.logp = empty(y_pred.shape, np.float64)
        self.alpha, self.values = empty((n, steps, states), np.float64), empty((n,), np.float64)
        launch.ctc(y_pred, y_true, self.logp, self.alpha, self.values)
        repeated = empty((n * steps,), y_pred.dtype)
        launch.broadcast_weights(self.values, 1.0, repeated)
        return repeated

    def backward(self, weights: np.ndarray) -> np.ndarray:
        """The gradient of the logits."""
        dz = empty(self.y_pred.shape, self.y_pred.dtype)
        beta = empty(self.alpha.shape, np.float64)
        given = weights.reshape(self.y_pred.shape[:2])
        launch.ctc_backward(self.logp, self.labels, self.alpha, self.values, given, beta, dz)
        return dz
