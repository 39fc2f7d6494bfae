"""Objective: what a training makes small, and what else it reports of each batch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nnkit.conversion import to_numpy
from nnkit.engine.dispatch import empty, launch, working
from nnkit.engine.stops import in_python
from nnkit.engine.variable import Variable
from nnkit.layers.chain import Chain
from nnkit.losses.base import Loss
from nnkit.metrics import Metric

__all__ = ["Objective"]


class Objective:
    """Loss and metrics, whose values for each batch are added to running sums.

    Parameters
    ----------
    loss : Loss
    metrics : sequence of Metric
    regularized : sequence of Variable
        Trained weights whose penalties are part of the loss.

    Attributes
    ----------
    sums : numpy.ndarray
        float64 (1 + metrics, 2): sum over samples, and number of samples; row 0 is the loss.
    """

    def __init__(
        self, loss: Loss, metrics: Sequence[Metric], regularized: Sequence[Variable]
    ) -> None:
        self.loss, self.metrics, self.regularized = loss, list(metrics), list(regularized)
        self.sums = np.zeros((1 + len(self.metrics), 2))

    def measure(self, batch: Mapping[str, np.ndarray], z: np.ndarray, chain: Chain) -> None:
        """Compute loss, metrics and weight of each row, and keep them for :meth:`add`.

        Parameters
        ----------
        batch : dict of str to numpy.ndarray
            The targets ``"y"``, and the samples' ``"weight"`` if they have any.
        z : numpy.ndarray
            What the chain gave.
        chain : Chain
            Has the mask of z, and perhaps leaves the last activation to the loss.
        """
        loss, y_true = self.loss, batch["y"]
        with working(loss):
            if chain.absorbed:
                self.values, y_pred = loss.forward_logits(y_true, z), loss.y_pred
            else:
                self.values, y_pred = _rowwise(loss, y_true, z), z
        self.results = []
        for metric in self.metrics:
            with working(metric):
                self.results.append(_rowwise(metric, y_true, y_pred))
        self._weigh(str(z.dtype), batch.get("weight"), chain.mask)

    def gradient(self, y_true: np.ndarray, z: np.ndarray) -> np.ndarray:
        """The gradient of the weighted loss with respect to z."""
        loss = self.loss

        def derive(weight: np.ndarray) -> np.ndarray:
            dy = loss.backward(weight)
            return _checked(loss, "backward", "the gradient of the output", dy, z.shape)

        with working(loss):
            if loss.recordable:
                return derive(self.weight)
            return in_python(loss.name, derive, (self.weight,), str(z.dtype), (y_true, z))

    def _weigh(self, dtype: str, weight: np.ndarray | None, mask: np.ndarray | None) -> None:
        """Compute the weight of each row in the loss, and in the metrics (equal for all rows).

        Masked rows have weight 0. In the loss, the weights of the other rows are multiplied by
        rows / (rows not masked); metrics are means over the other rows, as in Keras.
        """
        rows, summed = self.values.size, self.loss.reduction == "sum"
        self.mask = mask.reshape(-1) if mask is not None and mask.size == rows else None
        with working(self.loss):
            self.weight = self.share = empty((rows,), dtype)
            launch.fill(1.0 / rows, self.share)
            if weight is not None or summed:
                self.weight, factor = empty((rows,), dtype), 1.0 if summed else 1.0 / rows
                if weight is None:
                    launch.fill(factor, self.weight)
                else:
                    launch.broadcast_weights(weight.reshape(-1), factor, self.weight)
            if self.mask is not None:
                launch.mask_weights(self.mask, self.weight)

    def add(self, samples: int, chain: Chain) -> None:
        """Add the batch to the running sums, and penalties of layers and weights to the loss."""
        penalties, count = [*chain.penalties(), *self._weight_penalties()], float(samples)
        with working(self.loss):
            launch.accumulate(self.values, self.weight, count, self.sums[0])
            for penalty in penalties:
                launch.accumulate_penalty(penalty, count, self.sums[0])
            for result, total in zip(self.results, self.sums[1:], strict=True):
                if self.mask is None:
                    launch.accumulate(result, self.share, count, total)
                else:
                    launch.accumulate_masked(result, self.mask, total)

    def _weight_penalties(self) -> Iterator[np.ndarray]:
        for variable in self.regularized:
            penalty = empty((1,), np.float64)
            variable.regularizer.penalty(variable.value, penalty)
            yield penalty

    def logs(self) -> dict[str, float]:
        """Means since the sums were cleared, by name."""
        names = ["loss", *(metric.name for metric in self.metrics)]
        pairs = zip(names, self.sums.tolist(), strict=True)
        return {name: total / count if count else 0.0 for name, (total, count) in pairs}


def _rowwise(owner: Loss | Metric, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Compute a loss or metric, in Python or recorded: one value for every row."""
    rows = y_pred.shape[:-1]

    def forward(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        values = owner.forward(y_true, y_pred)
        promise = "one value for every row of the output"
        return _checked(owner, "forward", promise, values, (math.prod(rows),), rows).reshape(-1)

    if owner.recordable:
        values = forward(y_true, y_pred)
        if owner.recordable:  # The call may have set it to False.
            return values
    return in_python(owner.name, forward, (y_true, y_pred), str(y_pred.dtype))


def _checked(
    owner: Loss | Metric, method: str, promise: str, given: Any, *shapes: tuple[int, ...]
) -> np.ndarray:
    """What a method of a loss or metric returned, if its shape is what a step relies on."""
    array: np.ndarray = to_numpy(given, f"{owner.name}: what {method} returned")
    if array.shape not in shapes:
        raise ValueError(
            f"{owner.name}: {method} must return {promise}, of shape {shapes[0]}, got {array.shape}"
        )
    return array
