"""The loops of ``fit`` and ``evaluate``, over epochs and native calls of some batches each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nnkit.callbacks import CallbackList
from nnkit.data import Arrays
from nnkit.engine.devices import current
from nnkit.training.session import claimed
from nnkit.training.steps import MOST_STEPS

if TYPE_CHECKING:
    from nnkit.models.trainer import Trainer

__all__ = ["Batches", "Logs", "Orders", "Pace", "Run", "evaluate", "fit"]

Logs = dict[str, Any]
NOBODY = CallbackList()

# The interval at which Python updates the progress bar and checks for Ctrl-C during an epoch.
_WAKE_SECONDS = 0.1


def fit(
    model: Trainer,
    run: Run,
    epochs: Iterable[int],
    orders: Orders,
    held_out: Run | None,
    validates: Callable[[int], bool],
) -> None:
    """Train for a number of epochs.

    Parameters
    ----------
    model : Trainer
    run : Run
    epochs : iterable of int
    orders : Orders
        The order of the samples in each epoch.
    held_out : Run, optional
        Validation data.
    validates : callable
        ``validates(n)``: whether to evaluate them after n epochs.
    """
    listeners = run.listeners
    listeners.on_train_begin()
    try:
        with current().placed(run.arrays) as run.bound:
            for run.epoch in epochs:
                listeners.on_epoch_begin(run.epoch)
                run.bound["order"] = orders.of(run.epoch)
                run.meanwhile = partial(orders.prepare, run.epoch + 1)
                logs = _train_epoch(model, run)
                if held_out is not None and validates(run.epoch + 1):
                    results = evaluate(model, held_out, "fit")
                    logs |= {f"val_{name}": value for name, value in results.items()}
                listeners.on_epoch_end(run.epoch, logs)
                if model.stop_training:
                    break
    finally:  # After Ctrl-C, too, the model keeps its weights and its history.
        listeners.on_train_end()


def _train_epoch(model: Trainer, run: Run) -> Logs:
    run.sums, listeners = None, run.listeners
    single = listeners.needs_train_batches
    for batches in run.pace.chunks(run.rows, run.stride, single):
        if single:
            listeners.on_train_batch_begin(batches.first)
        with model.turns.alone(writes=True):
            logs = claimed(model).train(run, batches)
        if single:
            listeners.on_train_batch_end(batches.first, logs)
        listeners.on_progress(batches.end, logs)
        if model.stop_training:
            break
    return logs


def evaluate(
    model: Trainer,
    run: Run,
    method: str,
    report: Callable[[int, Logs], None] | None = None,
) -> Logs:
    """Compute loss and metrics of all data; ``report`` is called after each native call."""
    run.sums, listeners = None, run.listeners
    listeners.on_test_begin()
    single = listeners.needs_test_batches
    remembers = bool(model.network.states())
    with (
        model.guard.measuring(method, remembers) as token,
        current().placed(run.arrays) as run.bound,
    ):
        pause = model.guard.pausing(token, listeners)
        for batches in run.pace.chunks(run.rows, run.stride, single):
            if single:
                with pause():
                    listeners.on_test_batch_begin(batches.first)
            with model.turns.alone():
                logs = claimed(model).evaluate(run, batches)
            with pause():
                if single:
                    listeners.on_test_batch_end(batches.first, logs)
                if report is not None:
                    report(batches.end, logs)
    listeners.on_test_end(logs)
    return logs


@dataclass
class Run:
    """One pass of data through a model: all that its batches have in common.

    Attributes
    ----------
    data : Arrays
    stride : int
        Rows of a full batch.
    listeners : CallbackList
    rows, signature, arrays
        Of the data: their number, what a record depends on, and the matrices that it reads.
    bound : dict
        The arrays in the current device's memory, and the order of this epoch.
    sums : array, optional
        Running sums of loss and metrics, None at the beginning of an epoch; see
        :class:`nnkit.training.objective.Objective`.
    epoch : int
    meanwhile : callable, optional
        Work for the host while a device computes.
    check_numerics : bool
        Whether to stop at the first number that is not finite.
    pace : Pace
    """

    data: Arrays
    stride: int
    listeners: CallbackList = NOBODY
    sums: Any = None
    epoch: int = 0
    meanwhile: Callable[[], None] | None = None
    check_numerics: bool = False
    pace: Pace = field(default_factory=lambda: Pace())

    def __post_init__(self) -> None:
        self.rows, self.signature = len(self.data), self.data.signature()
        self.arrays = self.bound = self.data.bound()


class Batches(NamedTuple):
    """The batches of one native call.

    Attributes
    ----------
    first : int
        Index of the first batch in the epoch.
    size : int
        Rows of each batch.
    steps : int
        The number of batches.
    """

    first: int
    size: int
    steps: int

    @property
    def end(self) -> int:
        """The number of batches of the epoch that are done after this call."""
        return self.first + self.steps


class Pace:
    """Native calls that grow until one takes as long as Python may wait; results don't change."""

    def __init__(self) -> None:
        self._most = 1

    def chunks(self, n: int, stride: int, single: bool) -> Iterator[Batches]:
        """The native calls of an epoch.

        Parameters
        ----------
        n : int
            Rows of the data.
        stride : int
            Rows of a full batch.
        single : bool
            Whether each call does one batch, because a callback has a hook for batches.
        """
        full, rest = divmod(n, stride)
        first = 0
        while first < full:
            steps = 1 if single else min(self._most, full - first)
            started = time.perf_counter()
            yield Batches(first, stride, steps)
            elapsed = time.perf_counter() - started
            first += steps
            if steps == self._most:
                wanted = int(_WAKE_SECONDS * steps / max(elapsed, 1e-9))
                self._most = max(1, min(4 * self._most, wanted, MOST_STEPS))
        if rest:
            yield Batches(full, rest, 1)


class Orders:
    """The order of the samples in each epoch, a function of a seed and the epoch only.

    Parameters
    ----------
    seed : int
    size : int
        The number of samples.
    shuffle : bool
        If False, samples are always in their original order.
    """

    def __init__(self, seed: int, size: int, shuffle: bool) -> None:
        self.seed, self.size, self.shuffle = seed, size, shuffle
        self._prepared: tuple[int, np.ndarray] = -1, np.arange(size)

    def prepare(self, epoch: int) -> None:
        """Make the order of an epoch in advance, while a device computes."""
        if self.shuffle and self._prepared[0] != epoch:
            order = np.random.default_rng([self.seed, epoch]).permutation(self.size)
            self._prepared = epoch, order

    def of(self, epoch: int) -> np.ndarray:
        """The order of an epoch: int64 (size,)."""
        self.prepare(epoch)
        return self._prepared[1]
