"""Objective: what a training makes small, and what else it reports of each batch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit.checks import is_expression
from nnkit.conversion import to_numpy
from nnkit.engine.dispatch import empty, launch, working
from nnkit.engine.stops import in_python, update_in_python
from nnkit.engine.variable import Variable
from nnkit.layers.graph import Graph
from nnkit.losses.base import Loss
from nnkit.metrics import Metric
from nnkit.spellings import NamedResults

if TYPE_CHECKING:
    from nnkit.training.steps import Batch

__all__ = ["Goal", "Objective", "names_of"]


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

    Attributes
    ----------
    all_metrics : list of Metric
        Both.
    needs_targets : bool
        Whether the output is compared with anything.
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
        self.all_metrics = self.metrics + self.weighted
        self.results: list[np.ndarray | None] = []
        self.needs_targets = loss is not None or bool(self.all_metrics)

    def target_dtype(self, dtype: str) -> str | None:
        """The data type of targets in a network of a data type; None if there are none."""
        if self.loss is not None:
            return self.loss.target_dtype(dtype)
        found = self.all_metrics
        return found[0].target_dtype(dtype) if found else None

    def measure(
        self,
        y_true: np.ndarray,
        z: np.ndarray,
        weight: np.ndarray | None,
        mask: np.ndarray | None,
        absorbed: bool,
        form: tuple[int, ...] | None = None,
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
        form : tuple of int, optional
            The shape in which a sample's labels were given.
        """
        loss, y_pred = self.loss, z
        if loss is not None:
            with working(loss):
                if absorbed:
                    self.values, y_pred = loss.forward_logits(y_true, z), loss.y_pred
                else:
                    self.values = _rowwise(loss, y_true, z)
        rows = math.prod(z.shape[:-1])
        self.mask = self._counted(y_true, rows, mask)
        self.results = []
        for metric in self.all_metrics:
            with working(metric):
                by_rows = metric.by_rows
                self.results.append(_rowwise(metric, y_true, y_pred) if by_rows else None)
        with working(loss):
            self._weigh(z.dtype, z.shape, weight)
        if self.results:
            self.compared, self.sample_weight, self.form = (y_true, y_pred), weight, form

    def _counted(self, y_true: np.ndarray, rows: int, mask: np.ndarray | None) -> Any:
        """Which rows count: not those that the output's mask or the loss leaves out; None: all."""
        mask = mask.reshape(-1) if mask is not None and mask.size == rows else None
        counted = None if self.loss is None else self.loss.counted(y_true)
        if counted is None or mask is None:
            return mask if counted is None else counted
        with working(self.loss):
            return _product(counted, _spread(mask, rows, counted.dtype))

    def _weigh(self, dtype: Any, shape: tuple[int, ...], weight: np.ndarray | None) -> None:
        """Compute the weight of each row in the loss (``scaled``), and 1 / rows (``share``).

        Masked rows have weight 0. Unless the loss is a sum, the weights of the other rows are
        multiplied by rows / (rows not masked), as in Keras.
        """
        loss, rows = self.loss, math.prod(shape[:-1])
        reduction = None if loss is None else loss.reduction
        self.weight = self.share = empty((rows,), dtype)
        launch.fill(1.0 / rows, self.share)
        factor = 1.0 / rows
        if loss is not None and reduction == "sum":
            values = loss.values_of(shape)
            factor *= values if weight is None else max(values, shape[0])
        if weight is not None or self.mask is not None or reduction == "sum":
            self.weight = empty((rows,), dtype)
            if weight is None:
                launch.fill(factor, self.weight)
            else:
                launch.broadcast_weights(weight.reshape(-1), factor, self.weight)
        if self.mask is not None and reduction == "sum":
            self.weight = _product(self.weight, _spread(self.mask, rows, dtype))
        elif self.mask is not None:
            launch.mask_weights(self.mask, self.weight)
        if weight is not None and reduction == "mean_with_sample_weight":
            launch.normalize_weights(self.weight)
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

    def add_metrics(self, samples: int) -> None:
        """Add the batch to the states of the metrics."""
        weights: dict[bool, np.ndarray] = {}
        parts = [(m, False) for m in self.metrics] + [(m, True) for m in self.weighted]
        for (metric, weighted), values in zip(parts, self.results, strict=True):
            weighted = weighted and self.sample_weight is not None
            with working(metric):
                plain = not weighted and self.mask is None
                if plain and values is not None and metric.counted(self.compared[0]) is None:
                    total = metric.sums.value
                    launch.accumulate(values, self.share, float(samples), total)
                    continue
                if weighted not in weights:
                    weights[weighted] = self._row_weights(weighted)
                if values is not None:
                    metric.add(values, self.compared[0], weights[weighted])
                elif metric.in_python or not metric.recordable:
                    self._stop(metric, None if plain else weights[weighted])
                else:
                    metric.update(*self.compared, weights[weighted])
        del self.compared, self.sample_weight  # Whole batches: nobody needs them any more.

    def _row_weights(self, weighted: bool) -> np.ndarray:
        """The weight of each row in metrics."""
        found = empty(self.share.shape, self.share.dtype)
        if weighted and self.sample_weight is not None:
            launch.broadcast_weights(self.sample_weight.reshape(-1), 1.0, found)
        else:
            launch.fill(1.0, found)
        if self.mask is None:
            return found
        return _product(found, _spread(self.mask, found.size, found.dtype))

    def _stop(self, metric: Metric, weights: np.ndarray | None) -> None:
        """Let a metric that is no list of launches add the batch to its state."""
        y_true, y_pred = self.compared
        if weights is None and not metric.in_python:
            weights = self._row_weights(False)
        dense = not self.takes_labels and y_true.size == y_pred.size
        form = y_pred.shape[1:]
        if not dense:
            form = y_true.shape[1:] if self.form is None else self.form
        given = self.sample_weight
        by_sample = self.mask is None and (given is None or given.size == len(y_pred))

        def add(y_true: np.ndarray, y_pred: np.ndarray, *rest: np.ndarray) -> None:
            if not metric.in_python:
                metric.update(y_true, y_pred, rest[0])
                return
            of_samples = None
            if weighted:
                of_samples = rest[0].reshape(y_pred.shape[:-1])
                if by_sample:
                    of_samples = of_samples.reshape(len(y_pred), -1)[:, 0]
            metric.update_in_python(y_true.reshape(len(y_true), *form), y_pred, of_samples)

        weighted = weights is not None
        reads = (y_true, y_pred) if weights is None else (y_true, y_pred, weights)
        update_in_python(add, reads, tuple([state.value for state in metric.variables]))

    @property
    def takes_labels(self) -> bool:
        """Whether targets are class labels."""
        if self.loss is not None:
            return self.loss.sparse
        return any(metric.sparse for metric in self.all_metrics)


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
        float64: a sum over samples and the number of samples of the loss, the same of the losses of
        the outputs if there are several, then the states of the metrics, which are views of it.
    """

    def __init__(self, goals: Sequence[Goal], regularized: Sequence[Variable]) -> None:
        self.goals, self.regularized = list(goals), list(regularized)
        self.with_loss = [goal for goal in self.goals if goal.loss is not None]
        self.several = len(self.with_loss) > 1
        count = 1 + (len(self.with_loss) if self.several else 0)
        states = [state for metric in self.metrics for state in metric.variables]
        self.sums = np.zeros(2 * count + sum(state.size for state in states))
        self.losses = self.sums[: 2 * count].reshape(count, 2)
        start = 2 * count
        for state in states:
            state.move(self.sums[start : start + state.size])
            start += state.size

    def clear(self) -> None:
        """Begin anew, as at the beginning of an epoch."""
        self.sums.fill(0.0)
        for metric in self.metrics:
            if type(metric).reset_state is not Metric.reset_state:
                metric.reset_state()

    @property
    def metrics(self) -> list[Metric]:
        """All metrics, output by output."""
        return [metric for goal in self.goals for metric in goal.all_metrics]

    def measure(self, batch: Batch, outputs: Sequence[np.ndarray], graph: Graph) -> None:
        """Compute losses, metrics and weights of rows, and keep them for :meth:`add`."""
        for i, (goal, z) in enumerate(zip(self.goals, outputs, strict=True)):
            y_true = batch.y[i]
            if y_true is not None and goal.needs_targets:
                form = batch.forms[i] if batch.forms else None
                goal.measure(y_true, z, batch.weight[i], graph.masks[i], graph.absorbed[i], form)

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
                    launch.accumulate(goal.values, goal.scaled, count, self.losses[0])
                else:
                    penalties.append(_total(goal.values, goal.scaled))
                if self.several:
                    launch.accumulate(goal.values, goal.weight, count, self.losses[1 + number])
            if not self.with_loss:
                nothing = empty((1,), np.float64)
                launch.fill(0.0, nothing)
                launch.accumulate(nothing, nothing, count, self.losses[0])
            for penalty in penalties:
                launch.accumulate_penalty(penalty, count, self.losses[0])
        for goal in self.goals:
            if goal.results:
                goal.add_metrics(samples)

    def _weight_penalties(self) -> Iterator[np.ndarray]:
        for variable in self.regularized:
            penalty = empty((1,), np.float64)
            variable.regularizer.penalty(variable.value, penalty)
            yield penalty

    @property
    def names(self) -> list[str]:
        """The names of the results."""
        return names_of(self.goals)

    def logs(self) -> dict[str, Any]:
        """The results since the sums were cleared, by name: floats, or arrays of some metrics."""
        found: list[Any] = [
            total / count if count else 0.0 for total, count in self.losses.tolist()
        ]
        found += [_plain(metric.result()) for metric in self.metrics]
        return NamedResults(zip(self.names, found, strict=True))


def names_of(goals: Sequence[Goal]) -> list[str]:
    """The names of the results for some goals."""
    with_loss = [goal for goal in goals if goal.loss is not None]
    names = ["loss"]
    if len(with_loss) > 1:
        names += [f"{goal.name}_loss" for goal in with_loss]
    for goal in goals:
        prefix = f"{goal.name}_" if len(goals) > 1 else ""
        names += [prefix + metric.name for metric in goal.all_metrics]
    return names


def _plain(result: Any) -> Any:
    """What a metric's result is in logs: a float, or an array."""
    if is_expression(result):
        result = result.eval()
    array = np.array(result, np.float64)
    return array if array.ndim else float(array)


def _spread(mask: np.ndarray, rows: int, dtype: Any) -> np.ndarray:
    """A mask as numbers, 1 and 0."""
    spread = empty((rows,), dtype)
    launch.broadcast_weights(mask, 1.0, spread)
    return spread


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    product = empty(a.shape, a.dtype)
    launch.multiply(a, b, product)
    return product


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
