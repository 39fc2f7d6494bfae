"""Predictions: counters, memory and records of their own, so that threads don't meet."""

from __future__ import annotations

import math
from collections import deque
from functools import partial
from typing import Any

import numpy as np

from nnkit import budget
from nnkit.callbacks import CallbackList
from nnkit.data.arrays import rows
from nnkit.engine.devices import current
from nnkit.engine.program import ONE_STEP
from nnkit.engine.step import Records, Step, Window
from nnkit.engine.turns import leave
from nnkit.engine.variable import Storage
from nnkit.interrupts import check
from nnkit.networks import Network
from nnkit.training.guard import Guard
from nnkit.training.loops import Pace
from nnkit.training.session import blame
from nnkit.training.steps import Samples, predict_batch

__all__ = ["Predictor", "Predictors"]


class Predictors:
    """Predictors of one model, as many as threads have been at work at once.

    Parameters
    ----------
    network : Network
    guard : Guard
    """

    def __init__(self, network: Network, guard: Guard) -> None:
        self.network, self.guard = network, guard
        self.idle: deque[Predictor] = deque()

    def predict(
        self,
        x: np.ndarray,
        size: int,
        to_host: bool,
        eager: bool,
        listeners: CallbackList | None = None,
    ) -> np.ndarray:
        """The output for all rows of x, ``size`` of them at a time.

        Weights do not change meanwhile; see :class:`nnkit.engine.turns.Turns`.
        """
        token = object()
        try:
            self.guard.turns.read(token)
            moves = Storage.moves
            try:
                predictor = self.idle.pop()
            except IndexError:  # The first prediction, or as many threads as there are predictors.
                predictor = Predictor(self.network, self.guard, moves)
            if predictor.moves != moves:  # Recorded when some weights lay elsewhere.
                predictor = Predictor(self.network, self.guard, moves)
            predictor.eager = eager
            if predictor.stateful:
                leave(token, None)
                with self.guard.measuring("predict", True):
                    out = predictor.run(x, size, listeners, to_host, None)
            else:
                out = predictor.run(x, size, listeners, to_host, token)
            self.idle.append(predictor)  # Unless Ctrl-C has left it half done.
            return out
        finally:
            leave(token, None)


class Predictor:
    """Does one prediction at a time.

    Parameters
    ----------
    network : Network
    guard : Guard
    moves : int
        ``Storage.moves`` when it was made: its records hold the addresses of weights.

    Attributes
    ----------
    stateful : bool
        Whether layers remember a batch for the next one.
    eager : bool
        Steps that are not recorded yet run in Python each time.
    """

    def __init__(self, network: Network, guard: Guard, moves: int) -> None:
        self.network, self.guard, self.moves, self.eager = network, guard, moves, False
        self.shape = tuple(k or 0 for k in network.output_shape[1:])
        self.dtype, self.columns = np.dtype(network.dtype), math.prod(self.shape)
        self.most = budget.memory() // max(self.dtype.itemsize * self.columns, 1)
        self.batch = np.zeros(1, np.int64)
        states = network.states()
        self.stateful = bool(states)
        samples = Samples({"x": network.input_dtype}, network.sample_shape)
        self.function = partial(predict_batch, network.chain(), samples)
        self.records = Records([self.batch, *states], guard.turns.python, self._blame, ONE_STEP)

    def run(
        self,
        x: np.ndarray,
        size: int,
        listeners: CallbackList | None,
        to_host: bool,
        token: object,
    ) -> np.ndarray:
        """The output for all rows of x, ``size`` of them at a time; ``token`` reads weights."""
        n = len(x)
        if n > self.most:
            budget.check_possible((n, *self.shape), self.dtype, "the prediction")
        make = np.empty if to_host else current().empty
        out = make((n, *self.shape), self.dtype)
        if n == 0:
            return out
        bound = {"x": rows(x), "out": out.reshape(n, self.columns)}
        self.batch[0] = 0
        if n <= size and listeners is None:
            self._step(x, n, size).run(bound)
            return out
        single = listeners is not None and listeners.needs_predict_batches
        pause = self.guard.pausing(token, listeners)
        with current().placed(bound, ("out",)) as bound:
            for batches in Pace().chunks(n, size, single):
                if listeners is not None and single:
                    with pause():
                        listeners.on_predict_batch_begin(batches.first)
                self._step(x, batches.size, size).run(bound, batches.steps)
                check()
                if listeners is not None:
                    with pause():
                        if single:
                            listeners.on_predict_batch_end(batches.first)
                        listeners.on_progress(batches.end)
        return out

    def _blame(self, owner: Any) -> bool:
        """Nobody, if another model took the weights meanwhile: it is recorded again."""
        return Storage.moves != self.moves or blame(owner)

    def _step(self, x: np.ndarray, size: int, stride: int) -> Step:
        window = Window(size, stride, self.batch, ("out",))
        return self.records.step((x.dtype.str,), window, self.eager, self.function)
