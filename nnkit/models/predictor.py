"""Predictions: counters, memory and records of their own, so that threads don't meet."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from nnkit.callbacks import CallbackList
from nnkit.engine.step import Bound, Step
from nnkit.models.session import Records
from nnkit.models.steps import Counters, Reader, chain_of, predict_step

if TYPE_CHECKING:
    from nnkit.models.trainer import Trainer

__all__ = ["Predictor"]


class Predictor:
    """Does one prediction at a time; a model makes another when a second thread asks.

    Parameters
    ----------
    model : Trainer
    moves : int
        ``Storage.moves`` when it was made: its records hold the addresses of weights.
    """

    def __init__(self, model: Trainer, moves: int) -> None:
        self.model, self.moves = model, moves
        self.counters = Counters()
        self.records = Records()

    def run(self, x: np.ndarray, size: int, listeners: CallbackList | None) -> np.ndarray:
        """The output for all rows of x, ``size`` of them at a time."""
        n = len(x)
        out = np.empty((n, *(k or 0 for k in self.model.output_shape[1:])), self.model.dtype)
        if n == 0:
            return out
        bound = {"x": x.reshape(n, -1), "out": out.reshape(n, -1)}
        self.counters.batch[0] = 0
        full, rest = divmod(n, size)
        if listeners is None or not listeners.needs_predict_batches:
            if full:
                self._step(x, size, size).run(bound, full)
            if rest:
                self._step(x, rest, size).run(bound)
            return out
        for batch in range(full + bool(rest)):
            listeners.on_predict_batch_begin(batch)
            self._step(x, size if batch < full else rest, size).run(bound)
            listeners.on_predict_batch_end(batch)
        return out

    def _step(self, x: np.ndarray, size: int, stride: int) -> Step:
        def function() -> Callable[[Bound], None]:
            model = self.model
            chain, _ = chain_of(model.parts, None, None)
            reader = Reader(size, stride, self.counters, model.sample_shape, model.dtype)
            return predict_step(chain, self.counters, reader)

        key = (size, stride, x.dtype.str)
        return self.records.get(key, function, [self.counters.batch], self.model.run_eagerly)
