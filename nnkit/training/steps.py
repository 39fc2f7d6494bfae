"""One step of training, evaluation and prediction, as a list of launches.

A replay repeats exactly these launches. Kernels find the rows of a batch by counters in memory, so
repeating the launches does the next batch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit.conversion import to_numpy
from nnkit.engine.device import empty, launch, working
from nnkit.engine.step import Bound, Window
from nnkit.engine.stops import in_python
from nnkit.engine.variable import Storage
from nnkit.layers.chain import Chain
from nnkit.losses.base import Loss
from nnkit.metrics import Metric
from nnkit.networks import Network

if TYPE_CHECKING:
    from nnkit.training.session import Session

__all__ = ["Counters", "Objective", "Reader", "evaluate_batch", "predict_batch", "train_batch"]

# The largest number of steps in a native call: the length of the table of learning rates.
MOST_STEPS = 4096


def train_batch(session: Session, chain: Chain, absorbed: bool, read: Reader, bound: Bound) -> None:
    """The step of ``fit``: forward, loss, backward, update.

    Parameters
    ----------
    session : Session
        The memory that outlives the step.
    chain : Chain
        The layers that run.
    absorbed : bool
        Whether the loss absorbs the last activation, which is then not in the chain.
    read : Reader
        Reads the batch.
    bound : dict
        The data.
    """
    objective, counters, storage = session.objective, session.counters, session.storage
    x, y_true, weight = read(bound)
    z = chain.forward(x, training=True)
    objective.measure(y_true, z, absorbed)
    objective.weigh(str(z.dtype), weight, chain.mask)
    chain.backward(objective.gradient(y_true, z))
    objective.add(len(x), [*chain.penalties(), *_weight_penalties(storage)])
    with working(session.optimizer):
        for variable in storage.trainable_variables:
            if variable.regularizer is not None:
                variable.regularizer.add_gradient(variable.value, variable.gradient)
                variable.use_every_row()
        launch.advance(
            counters.rates, counters.position, counters.batch, counters.iteration, counters.rate
        )
        session.optimizer.apply(storage, session.flat_slots, counters.rate, counters.iteration)
        for variable in storage.trainable_variables:
            if variable.constraint is not None:
                variable.constraint.apply(variable.value)


def evaluate_batch(
    session: Session, chain: Chain, absorbed: bool, read: Reader, bound: Bound
) -> None:
    """The step of ``evaluate``: forward, loss, metrics."""
    objective = session.objective
    x, y_true, weight = read(bound)
    z = chain.forward(x, training=False)
    objective.measure(y_true, z, absorbed)
    objective.weigh(str(z.dtype), weight, chain.mask)
    objective.add(len(x), [*chain.penalties(), *_weight_penalties(session.storage)])
    launch.advance_batch(session.counters.batch)


def predict_batch(chain: Chain, read: Reader, bound: Bound) -> None:
    """The step of ``predict``: forward, then scatter the rows into the result."""
    x, _, _ = read(bound)
    y = chain.forward(x, training=False)
    rows = y.reshape(len(y), -1)
    launch.scatter_sequence(rows, read.window.batch, read.window.stride, 0, bound["out"])
    launch.advance_batch(read.window.batch)


class Counters:
    """The numbers that change from step to step, in memory that kernels read and write.

    Attributes
    ----------
    batch : numpy.ndarray
        int64 (1,): index of the next batch in the epoch.
    iteration : numpy.ndarray
        int64 (1,): the number of steps that the optimizer has done.
    rates, rate : numpy.ndarray
        float64: the learning rates of the next steps, and the current one, (1,).
    position : numpy.ndarray
        int64 (1,): index of the next entry of ``rates``.
    """

    def __init__(self) -> None:
        memory = np.zeros(4 + MOST_STEPS, np.int64)  # Copied to a device as one block.
        self.batch, self.iteration, self.position = memory[:1], memory[1:2], memory[2:3]
        self.rate, self.rates = memory[3:4].view(np.float64), memory[4:].view(np.float64)

    def state(self) -> list[np.ndarray]:
        """The arrays that a step changes."""
        return [self.batch, self.iteration, self.position, self.rate]


class Objective:
    """Loss and metrics, whose values for each batch are added to running sums.

    Attributes
    ----------
    sums : numpy.ndarray
        float64 (1 + metrics, 2): sum over samples, and number of samples; row 0 is the loss.
    """

    def __init__(self, loss: Loss, metrics: Sequence[Metric]) -> None:
        self.loss, self.metrics = loss, list(metrics)
        self.sums = np.zeros((1 + len(self.metrics), 2))

    def measure(self, y_true: np.ndarray, z: np.ndarray, absorbed: bool) -> None:
        """Compute loss and metrics of each row, and keep them for :meth:`add`."""
        loss = self.loss
        with working(loss):
            if absorbed:
                self.values, y_pred = loss.forward_logits(y_true, z), loss.y_pred
            else:
                self.values, y_pred = _rowwise(loss, y_true, z), z
        self.results = []
        for metric in self.metrics:
            with working(metric):
                self.results.append(_rowwise(metric, y_true, y_pred))

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

    def weigh(self, dtype: str, weight: np.ndarray | None, mask: np.ndarray | None) -> None:
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

    def add(self, samples: int, penalties: Iterable[np.ndarray]) -> None:
        """Add the batch to the running sums, and penalties of weights and layers to the loss."""
        count = float(samples)
        with working(self.loss):
            launch.accumulate(self.values, self.weight, count, self.sums[0])
            for penalty in penalties:
                launch.accumulate_penalty(penalty, count, self.sums[0])
            for result, total in zip(self.results, self.sums[1:], strict=True):
                if self.mask is None:
                    launch.accumulate(result, self.share, count, total)
                else:
                    launch.accumulate_masked(result, self.mask, total)

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


def _weight_penalties(storage: Storage) -> Iterator[np.ndarray]:
    """The penalties of trainable weights: float64 (1,) each."""
    for variable in storage.trainable_variables:
        if variable.regularizer is not None:
            penalty = empty((1,), np.float64)
            variable.regularizer.penalty(variable.value, penalty)
            yield penalty


class Reader:
    """Gather one batch from the bound arrays.

    Parameters
    ----------
    network : Network
        Has the shape and the type of a batch.
    window : Window
        The rows of a batch.
    loss : Loss, optional
        Has the type of the targets; without a loss there are no targets.
    """

    def __init__(self, network: Network, window: Window, loss: Loss | None = None) -> None:
        self.window, self.loss = window, loss
        self.shape, self.dtype = network.sample_shape, network.dtype
        self.input_dtype = network.input_dtype

    def __call__(self, bound: Bound) -> tuple[np.ndarray, Any, np.ndarray | None]:
        """x (size, ...), targets (rows, ...) and sample weights of the current batch."""
        x = self._rows(bound, "x", self.input_dtype).reshape(self.window.size, *self.shape)
        y = weight = None
        if self.loss is not None:
            y = self._rows(bound, "y", self.loss.target_dtype(self.dtype))
        if "weight" in bound:
            weight = self._rows(bound, "weight", self.dtype)
        return x, y, weight

    def _rows(self, bound: Bound, name: str, dtype: str) -> np.ndarray:
        data, window = bound[name], self.window
        rows = empty((window.size, data.shape[1]), dtype)
        if "order" in bound:
            launch.gather(data, bound["order"], window.batch, window.stride, 0, rows)
        else:
            launch.gather_sequence(data, window.batch, window.stride, 0, rows)
        return rows
