"""Predictions: counters, memory and records of their own, so that threads don't meet."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit.callbacks import CallbackList
from nnkit.data.arrays import rows
from nnkit.engine import budget
from nnkit.engine.backend import Replayer, empty_in_place, placed
from nnkit.engine.program import ONE_STEP
from nnkit.engine.step import Bound, Step, Window
from nnkit.engine.variable import Storage
from nnkit.interrupts import check
from nnkit.training.pace import Pace
from nnkit.training.session import Records, blame
from nnkit.training.steps import Reader, chain_of, predict_step

if TYPE_CHECKING:
    from nnkit.models.compiled import Compiled

__all__ = ["Predictor"]


class Predictor:
    """Does one prediction at a time; a model makes another when a second thread asks.

    Weights do not change meanwhile; see :class:`~nnkit.engine.turns.Turns`.

    Parameters
    ----------
    model : Compiled
    moves : int
        ``Storage.moves`` when it was made: its records hold the addresses of weights.

    Attributes
    ----------
    stateful : bool
        Whether layers remember a batch for the next one.
    """

    def __init__(self, model: Compiled, moves: int) -> None:
        self.model, self.moves = model, moves
        self.shape = tuple(k or 0 for k in model.output_shape[1:])
        self.dtype, self.columns = np.dtype(model.dtype), math.prod(self.shape)
        self.most = budget.memory() // max(self.dtype.itemsize * self.columns, 1)
        self.batch = np.zeros(1, np.int64)
        self.stateful = bool(model.layer_states())
        self.records = Records(Replayer(model.turns.python, self._blame, ONE_STEP))

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
        make = np.empty if to_host else empty_in_place
        out = make((n, *self.shape), self.dtype)
        if n == 0:
            return out
        bound = {"x": rows(x), "out": out.reshape(n, self.columns)}
        self.batch[0] = 0
        if n <= size and listeners is None:
            self._step(x, n, size).run(bound)
            return out
        single = listeners is not None and listeners.needs_predict_batches
        pause = self.model.pausing(token, listeners)
        with placed(bound, ("out",)) as bound:
            for first, height, steps in Pace().chunks(n, size, single):
                if listeners is not None and single:
                    with pause():
                        listeners.on_predict_batch_begin(first)
                self._step(x, height, size).run(bound, steps)
                check()
                if listeners is not None:
                    with pause():
                        if single:
                            listeners.on_predict_batch_end(first)
                        listeners.on_progress(first + steps)
        return out

    def _state(self) -> list[np.ndarray]:
        """Every array that a prediction changes and the next one needs."""
        return [self.batch, *self.model.layer_states()]

    def _blame(self, owner: Any) -> bool:
        """Nobody, if another model took the weights meanwhile: it is recorded again."""
        return Storage.moves != self.moves or blame(owner)

    def _step(self, x: np.ndarray, size: int, stride: int) -> Step:
        window = Window(size, stride, self.batch)

        def function() -> Callable[[Bound], None]:
            model = self.model
            chain, _ = chain_of(model.parts(), None, None)
            read = Reader(window, model.sample_shape, model.dtype, None, model.input_dtype)
            return predict_step(chain, read)

        key, eager = (x.dtype.str,), self.model.run_eagerly
        return self.records.get(key, function, self._state, ("out",), window, eager)
