"""Objective: what a training makes small, and what else it reports of each batch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit.conversion import to_numpy
from nnkit.engine.dispatch import empty, launch, working
from nnkit.engine.stops import in_python
from nnkit.engine.variable import Variable
from nnkit.layers.graph import Graph
from nnkit.losses.base import Loss
from nnkit.metrics import Metric
from nnkit.spellings import NamedResults

if TYPE_CHECKING:
    from nnkit.training.steps import Batch

__all__ = ["Goal", "Objective"]


class Goal:
    """What one output of a network is compared with: its loss and its metrics.

    Parameters
    ----------
    name : str
        Of the output.
    loss : Loss or None
    weight : float
        The loss's factor in the loss of the model.
    metrics, weighted : sequence of Metric
        Means over rows; and those that samples' weights count in.
    """

    def __init__(
        self,
        name: str,
        loss: Loss | None,
        weight: float = 1.0,
        metrics: Sequence[Metric] = (),
        weighted: Sequence[Metric] = (),
    ) -> None:
        self.name, self.loss, self.factor = name, loss, float(weight)
        self.metrics, self.weighted = list(metrics), list(weighted)
        self.needs_targets = loss is not None or bool(self.metrics or self.weighted)

    def target_dtype(self, dtype: str) -> str | None:
        """The data type of targets in a network of a data type; None if there are none."""
        if self.loss is not None:
            return self.loss.target_dtype(dtype)
        found = [*self.metrics, *self.weighted]
        return found[0].target_dtype(dtype) if found else None

    def measure(
        self,
        y_true: np.ndarray,
        z: np.ndarray,
        weight: np.ndarray | None,
        mask: np.ndarray | None,
        absorbed: bool,
    ) -> None:
        """Compute loss, metrics and weight of each row, and keep them for :meth:`Objective.add`.

        Parameters
        ----------
        y_true : numpy.ndarray
        z : numpy.ndarray
            The output; or, if ``absorbed``, what comes before its last activation.
        weight : numpy.ndarray or None
            Of the samples.
        mask : numpy.ndarray or None
            Of the output.
        absorbed : bool
        """
        loss, y_pred = self.loss, z
        if loss is not None:
            with working(loss):
                if absorbed:
                    self.values, y_pred = loss.forward_logits(y_true, z), loss.y_pred
                else:
                    self.values = _rowwise(loss, y_true, z)
        self.results = []
        for metric in [*self.metrics, *self.weighted]:
            with working(metric):
                self.results.append(_rowwise(metric, y_true, y_pred))
        rows = math.prod(z.shape[:-1])
        with working(loss):
            self._weigh(str(z.dtype), rows, weight, mask)

    def _weigh(
        self, dtype: str, rows: int, weight: np.ndarray | None, mask: np.ndarray | None
    ) -> None:
        """Compute the weight of each row in the loss, and in the metrics (equal for all rows).

        Masked rows have weight 0. In the loss, the weights of the other rows are multiplied by
        rows / (rows not masked); metrics are means over the other rows, as in Keras.
        """
        summed = self.loss is not None and self.loss.reduction == "sum"
        self.mask = mask.reshape(-1) if mask is not None and mask.size == rows else None
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
        self.scaled = self.weight
        if self.factor != 1.0:
            self.scaled = empty((rows,), dtype)
            launch.scale(self.weight, self.factor, self.scaled)

    def gradient(self, y_true: np.ndarray, z: np.ndarray) -> np.ndarray | None:
        """The gradient of the model's loss with respect to z; None if it doesn't depend on z."""
        loss = self.loss
        if loss is None:
            return None

        def derive(weight: np.ndarray) -> np.ndarray:
            dy = loss.backward(weight)
            return _checked(loss, "backward", "the gradient of the output", dy, z.shape)

        with working(loss):
            if loss.recordable:
                return derive(self.scaled)
            made: np.ndarray = in_python(
                loss.name, derive, (self.scaled,), str(z.dtype), (y_true, z)
            )
            return made

    def add_metrics(self, count: float, sums: Sequence[np.ndarray]) -> None:
        """Add the metrics of the batch to running sums, two for a weighted one."""
        left = iter(sums)
        for number, result in enumerate(self.results):
            total = next(left)
            if number >= len(self.metrics):
                launch.accumulate(result, self.weight, count, total)
                launch.accumulate(self.weight, self.ones(), count, next(left))
            elif self.mask is None:
                launch.accumulate(result, self.share, count, total)
            else:
                launch.accumulate_masked(result, self.mask, total)

    def ones(self) -> np.ndarray:
        """1 for each row."""
        ones = empty(self.weight.shape, self.weight.dtype)
        launch.fill(1.0, ones)
        return ones


class Objective:
    """Losses and metrics, whose values for each batch are added to running sums.

    Parameters
    ----------
    goals : sequence of Goal
        One for each output.
    regularized : sequence of Variable
        Trained weights whose penalties are part of the loss.

    Attributes
    ----------
    sums : numpy.ndarray
        float64 (n, 2): sum over samples, and number of samples. Row 0 is the loss; then come the
        losses of the outputs if there are several, then the metrics, two rows for a weighted one.
    """

    def __init__(self, goals: Sequence[Goal], regularized: Sequence[Variable]) -> None:
        self.goals, self.regularized = list(goals), list(regularized)
        self.with_loss = [goal for goal in self.goals if goal.loss is not None]
        self.several = len(self.with_loss) > 1
        rows = 1 + (len(self.with_loss) if self.several else 0)
        self._rows: list[slice] = []
        for goal in self.goals:
            count = len(goal.metrics) + 2 * len(goal.weighted)
            self._rows.append(slice(rows, rows + count))
            rows += count
        self.sums = np.zeros((rows, 2))

    @property
    def metrics(self) -> list[Metric]:
        """All metrics, output by output."""
        return [metric for goal in self.goals for metric in [*goal.metrics, *goal.weighted]]

    def measure(self, batch: Batch, outputs: Sequence[np.ndarray], graph: Graph) -> None:
        """Compute losses, metrics and weights of rows, and keep them for :meth:`add`."""
        for i, (goal, z) in enumerate(zip(self.goals, outputs, strict=True)):
            y_true = batch.y[i]
            if y_true is not None and goal.needs_targets:
                goal.measure(y_true, z, batch.weight[i], graph.masks[i], graph.absorbed[i])

    def gradients(
        self, y_true: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray]
    ) -> list[np.ndarray | None]:
        """The gradients of the weighted losses with respect to the outputs."""
        return [
            None if y is None else goal.gradient(y, z)
            for goal, y, z in zip(self.goals, y_true, outputs, strict=True)
        ]

    def add(self, samples: int, graph: Graph) -> None:
        """Add the batch to the running sums, and penalties of layers and weights to the loss."""
        penalties, count = [*graph.penalties(), *self._weight_penalties()], float(samples)
        with working(self.with_loss[0].loss if self.with_loss else None):
            for number, goal in enumerate(self.with_loss):
                if number == 0:
                    launch.accumulate(goal.values, goal.scaled, count, self.sums[0])
                else:
                    penalties.append(_total(goal.values, goal.scaled))
                if self.several:
                    launch.accumulate(goal.values, goal.weight, count, self.sums[1 + number])
            if not self.with_loss:
                nothing = empty((1,), np.float64)
                launch.fill(0.0, nothing)
                launch.accumulate(nothing, nothing, count, self.sums[0])
            for penalty in penalties:
                launch.accumulate_penalty(penalty, count, self.sums[0])
            for goal, rows in zip(self.goals, self._rows, strict=True):
                if rows.stop > rows.start:
                    goal.add_metrics(count, list(self.sums[rows]))

    def _weight_penalties(self) -> Iterator[np.ndarray]:
        for variable in self.regularized:
            penalty = empty((1,), np.float64)
            variable.regularizer.penalty(variable.value, penalty)
            yield penalty

    @property
    def names(self) -> list[str]:
        """The names of the results."""
        many = len(self.goals) > 1
        names = ["loss", *(f"{g.name}_loss" for g in self.with_loss if self.several)]
        for goal in self.goals:
            for metric in [*goal.metrics, *goal.weighted]:
                names.append(f"{goal.name}_{metric.name}" if many else metric.name)
        return names

    def logs(self) -> dict[str, float]:
        """Means since the sums were cleared, by name."""
        sums = self.sums.tolist()
        pairs: list[Any] = sums[: 1 + (len(self.with_loss) if self.several else 0)]
        for goal, rows in zip(self.goals, self._rows, strict=True):
            found = sums[rows]
            plain = len(goal.metrics)
            pairs += found[:plain]
            weighted = found[plain:]
            pairs += [(a[0], b[0]) for a, b in zip(weighted[::2], weighted[1::2], strict=True)]
        named = zip(self.names, pairs, strict=True)
        return NamedResults({n: total / count if count else 0.0 for n, (total, count) in named})


def _total(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The weighted sum of the losses of rows: float64 (1,)."""
    sums = empty((2,), np.float64)
    launch.fill(0.0, sums)
    launch.accumulate(values, weights, 1.0, sums)
    return sums[:1]


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
