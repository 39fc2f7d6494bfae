"""The loops of ``fit`` and ``evaluate``, over epochs and native calls of some batches each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nnkit import budget
from nnkit.callbacks import CallbackList
from nnkit.data import Block, Feed, Source, seems_finite
from nnkit.interrupts import deferred
from nnkit.training.numerics import warn_of_nan
from nnkit.training.session import claimed
from nnkit.training.steps import MOST_STEPS

if TYPE_CHECKING:
    from nnkit.models.trainer import Trainer

__all__ = ["Batches", "Logs", "Pace", "Run", "evaluate", "fit", "predict"]

Logs = dict[str, Any]
NOBODY = CallbackList()

# The interval at which Python updates the progress bar and checks for Ctrl-C during an epoch.
_WAKE_SECONDS = 0.1


def fit(
    model: Trainer,
    run: Run,
    epochs: range,
    held_out: Run | None,
    validates: Callable[[int], bool],
) -> None:
    """Train for a number of epochs.

    Parameters
    ----------
    model : Trainer
    run : Run
    epochs : range
    held_out : Run, optional
        Validation data.
    validates : callable
        ``validates(n)``: whether to evaluate them after n epochs.
    """
    listeners, source = run.listeners, run.source
    listeners.on_train_begin()
    try:
        with source.placed():
            for run.epoch in epochs:
                listeners.on_epoch_begin(run.epoch)
                run.meanwhile = partial(source.prepare, run.epoch + 1)
                logs = _train_epoch(model, run)
                if logs is None:  # No data has come.
                    break
                if held_out is not None and validates(run.epoch + 1):
                    held_out.epoch = run.epoch
                    held_out.source.doubted |= source.doubted  # One warning is enough.
                    results = evaluate(model, held_out, "fit")
                    logs |= {f"val_{name}": value for name, value in results.items()}
                listeners.on_epoch_end(run.epoch, logs)
                if model.stop_training:
                    break
                if source.ended and run.epoch + 1 < epochs.stop:
                    source.warn_short(run.epoch, run.done, None)
                    break
    finally:  # After Ctrl-C, too, the model keeps its weights and its history.
        try:
            if model.optimizer.use_ema:
                with deferred(), model.turns.alone(writes=True):
                    claimed(model).finish()
        finally:
            listeners.on_train_end()


def _train_epoch(model: Trainer, run: Run) -> Logs | None:
    """Train for an epoch; None if it has no batches."""
    run.sums, run.done, listeners = None, 0, run.listeners
    single = listeners.needs_train_batches
    logs = None
    for block in run.source.blocks(run.epoch):
        run.block = block
        for batches in run.pace.chunks(block, single):
            if single:
                listeners.on_train_batch_begin(batches.first)
            with model.turns.alone(writes=True):
                model.trained.say_changes(model.name)
                logs = claimed(model).train(run, batches)
            run.done = batches.end
            if single:
                listeners.on_train_batch_end(batches.first, logs)
            listeners.on_progress(batches.end, logs)
            if model.stop_training:
                return logs
    if listeners.params.get("steps") is None:  # Now it is known.
        listeners.params["steps"] = run.done
    return logs


def evaluate(
    model: Trainer,
    run: Run,
    method: str,
    report: Callable[[int, Logs], None] | None = None,
) -> Logs:
    """Compute loss and metrics of all data; ``report`` is called after each native call.

    The result is empty if a generator has no more data.
    """
    run.sums, listeners = None, run.listeners
    listeners.on_test_begin()
    single = listeners.needs_test_batches
    remembers = bool(model.network.states())
    logs: Logs = {}
    with model.guard.measuring(method, remembers) as token, run.source.placed():
        pause = model.guard.pausing(token, listeners)
        for block in run.source.blocks(run.epoch):
            run.block = block
            for batches in run.pace.chunks(block, single):
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


def predict(model: Trainer, feed: Feed, listeners: CallbackList | None) -> list[np.ndarray]:
    """The outputs for all batches, one after the other."""
    parts: list[list[np.ndarray]] = []
    rows, finite = 0, True
    network = model.built_network()
    looks = listeners is not None and listeners.looks_between_batches
    whole = nullcontext() if looks else model.guard.measuring("predict", bool(network.states()))
    with whole:
        for data, stack in feed.read(0):
            outs = model.predictors.predict(
                data.x, stack.stride, True, model.run_eagerly, listeners, stack.first
            )
            parts.append(outs)
            if finite and not all(map(seems_finite, outs)):
                finite = not warn_of_nan(data.x, model.dtype, rows)
            rows += stack.rows
            for number, (out, other) in enumerate(zip(outs, parts[0], strict=True)):
                if out.shape[1:] != other.shape[1:]:
                    raise ValueError(
                        f"output {number} of batch {stack.first} (counted from 0) has shape "
                        f"{out.shape}, that of the first batches has {other.shape}: one array "
                        "can't hold both; predict the batches one by one"
                    )
                budget.check_possible((rows, *out.shape[1:]), out.dtype, "the prediction")
    if len(parts) == 1:
        return parts[0]
    return [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]


@dataclass
class Run:
    """One pass of data through a model: all that its batches have in common.

    Attributes
    ----------
    source : Source
    listeners : CallbackList
    block : Block
        The current part of the data.
    sums : array, optional
        Running sums of loss and metrics, None at the beginning of an epoch; see
        :class:`nnkit.training.objective.Objective`.
    epoch : int
    done : int
        Batches of the epoch that are done.
    meanwhile : callable, optional
        Work for the host while a device computes.
    check_numerics : bool
        Whether to stop at the first number that is not finite.
    pace : Pace
    """

    source: Source
    listeners: CallbackList = NOBODY
    check_numerics: bool = False
    sums: Any = None
    epoch: int = 0
    done: int = 0
    meanwhile: Callable[[], None] | None = None
    pace: Pace = field(default_factory=lambda: Pace())
    block: Block = field(init=False)


class Batches(NamedTuple):
    """The batches of one native call.

    Attributes
    ----------
    first : int
        Number of the first batch in the epoch.
    size : int
        Rows of each batch.
    steps : int
        The number of batches.
    at : int
        Index of the first batch in its block.
    """

    first: int
    size: int
    steps: int
    at: int

    @property
    def end(self) -> int:
        """The number of batches of the epoch that are done after this call."""
        return self.first + self.steps


class Pace:
    """Native calls that grow until one takes as long as Python may wait; results don't change."""

    def __init__(self) -> None:
        self._most = 1

    def chunks(self, block: Block, single: bool) -> Iterator[Batches]:
        """The native calls of a block.

        Parameters
        ----------
        block : Block
        single : bool
            Whether each call does one batch, because a callback has a hook for batches.
        """
        full, rest = divmod(len(block.data), block.stride)
        at, end, ahead = block.start, min(full, block.stop), block.first - block.start
        while at < end:
            steps = 1 if single else min(self._most, end - at)
            started = time.perf_counter()
            yield Batches(at + ahead, block.stride, steps, at)
            elapsed = time.perf_counter() - started
            at += steps
            if steps == self._most:
                wanted = int(_WAKE_SECONDS * steps / max(elapsed, 1e-9))
                self._most = max(1, min(4 * self._most, wanted, MOST_STEPS))
        if rest and block.stop > full:
            yield Batches(full + ahead, rest, 1, full)
