"""The loops of ``fit`` and ``evaluate``, over epochs and batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from nnkit.callbacks import CallbackList
from nnkit.data import Arrays
from nnkit.engine.devices import current
from nnkit.engine.step import Bound
from nnkit.training.batches import Orders, Pace

if TYPE_CHECKING:
    from nnkit.models.trainer import Trainer

__all__ = ["Logs", "Run", "evaluate", "fit"]

Logs = dict[str, float]
NOBODY = CallbackList()


@dataclass
class Run:
    """One pass of data through a model: all that its batches have in common.

    Attributes
    ----------
    data : Arrays
    stride : int
        Rows of a full batch.
    listeners : CallbackList
    bound : dict
        The data in the current device's memory, and the order of this epoch.
    sums : array
        Running sums of loss and metrics; see :class:`nnkit.training.steps.Objective`.
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
    bound: Bound = field(default_factory=dict)
    sums: Any = 0.0
    epoch: int = 0
    meanwhile: Callable[[], None] | None = None
    check_numerics: bool = False
    pace: Pace = field(default_factory=Pace)


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
        with current().placed(run.data.bound()) as run.bound:
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
    run.sums, listeners = 0.0, run.listeners
    single = listeners.needs_train_batches
    for batches in run.pace.chunks(len(run.data), run.stride, single):
        if single:
            listeners.on_train_batch_begin(batches.first)
        with model.turns.alone(writes=True):
            # Claimed again: another thread may have used a model that shares a layer.
            logs = model.claimed().train(run, batches)
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
    run.sums, listeners = 0.0, run.listeners
    listeners.on_test_begin()
    single = listeners.needs_test_batches
    remembers = bool(model.network.states())
    with (
        model.guard.measuring(method, remembers) as token,
        current().placed(run.data.bound()) as run.bound,
    ):
        pause = model.guard.pausing(token, listeners)
        for batches in run.pace.chunks(len(run.data), run.stride, single):
            if single:
                with pause():
                    listeners.on_test_batch_begin(batches.first)
            with model.turns.alone():
                logs = model.claimed().evaluate(run, batches)
            with pause():
                if single:
                    listeners.on_test_batch_end(batches.first, logs)
                if report is not None:
                    report(batches.end, logs)
    listeners.on_test_end(logs)
    return logs
