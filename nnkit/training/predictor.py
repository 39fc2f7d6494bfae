"""Predictions: counters, memory and records of their own, so that threads don't meet."""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from nnkit import budget
from nnkit.callbacks import CallbackList
from nnkit.data import Arrays, Block
from nnkit.engine.devices import current
from nnkit.engine.program import ONE_STEP
from nnkit.engine.step import Bound, Records, Step, Window
from nnkit.engine.turns import leave
from nnkit.engine.variable import Storage
from nnkit.interrupts import check
from nnkit.layers.base import Shape
from nnkit.networks import Network
from nnkit.training.guard import Guard
from nnkit.training.loops import Pace
from nnkit.training.session import blame
from nnkit.training.steps import Samples, predict_batch

__all__ = ["Predictor", "Predictors"]

# Where predictions begin to number their draws, far from evaluation and training.
_PREDICTION = 2**62 + 2**61

Key = tuple[tuple[str, tuple[int, ...]], ...]  # Types of the inputs, and shapes of a sample.


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
        self.drawing = itertools.count(_PREDICTION, 2**24)

    def predict(
        self,
        x: Sequence[np.ndarray],
        size: int,
        to_host: bool,
        eager: bool,
        listeners: CallbackList | None = None,
        ahead: int = 0,
    ) -> list[np.ndarray]:
        """The outputs for all rows of the inputs, ``size`` of them at a time.

        ``ahead`` batches have come before, with other inputs.

        Weights do not change meanwhile; see :class:`nnkit.engine.turns.Turns`.
        """
        token = object()
        try:
            self.guard.turns.read(token)
            moves = Storage.moves
            try:
                predictor = self.idle.pop()
            except IndexError:  # The first prediction, or as many threads as there are predictors.
                predictor = Predictor(self.network, self.guard, moves, self.drawing)
            if predictor.moves != moves:  # Recorded when some weights lay elsewhere.
                predictor = Predictor(self.network, self.guard, moves, self.drawing)
            predictor.eager = eager
            if predictor.stateful:
                leave(token, None)
                with self.guard.measuring("predict", True):
                    out = predictor.run(x, size, listeners, to_host, None, ahead)
            else:
                out = predictor.run(x, size, listeners, to_host, token, ahead)
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
    drawing : iterator of int
        The number of the first draw in each prediction, for layers that draw random numbers there.

    Attributes
    ----------
    stateful : bool
        Whether layers remember a batch for the next one.
    eager : bool
        Steps that are not recorded yet run in Python each time.
    """

    def __init__(self, network: Network, guard: Guard, moves: int, drawing: Iterator[int]) -> None:
        self.network, self.guard, self.moves, self.eager = network, guard, moves, False
        self.drawing = drawing
        self.batch, self.draw = np.split(np.zeros(2, np.int64), 2)
        states = network.states()
        self.stateful = bool(states)
        self._plans: dict[Any, _Plan] = {}
        self.records = Records(
            [self.batch, self.draw, *states], guard.turns.python, self._blame, ONE_STEP
        )

    def run(
        self,
        x: Sequence[np.ndarray],
        size: int,
        listeners: CallbackList | None,
        to_host: bool,
        token: object,
        ahead: int,
    ) -> list[np.ndarray]:
        """The outputs for all rows, ``size`` of them at a time; ``token`` reads weights."""
        key = tuple([(array.dtype.str, array.shape[1:]) for array in x])
        plan = self._plans.get(key) or self._plan(key)
        n = len(x[0])
        if n > plan.most:
            budget.check_possible((n, *plan.samples[0][0]), plan.samples[0][1], "the prediction")
        make = np.empty if to_host else current().empty
        outs = [make((n, *shape), dtype) for shape, dtype in plan.samples]
        if n == 0:
            return outs
        pairs = zip(plan.rows, [*x, *outs], strict=True)
        bound = {name: array.reshape(n, columns) for (name, columns), array in pairs}
        self.batch[0] = 0
        if plan.draws:
            self.draw[0] = next(self.drawing)
        if n <= size and listeners is None:
            self._step(plan, key, n, size).run(bound)
            return outs
        single = listeners is not None and listeners.needs_predict_batches
        pause = self.guard.pausing(token, listeners)
        with current().placed(bound, plan.names) as bound:
            block = Block(Arrays(x), bound, size, 0, math.ceil(n / size), ahead)
            for batches in Pace().chunks(block, single):
                if listeners is not None and single:
                    with pause():
                        listeners.on_predict_batch_begin(batches.first)
                self._step(plan, key, batches.size, size).run(bound, batches.steps)
                check()
                if listeners is not None:
                    with pause():
                        if single:
                            listeners.on_predict_batch_end(batches.first)
                        listeners.on_progress(batches.end)
        return outs

    def _plan(self, key: Key) -> _Plan:
        """Find out what is the same in all predictions for inputs of these shapes."""
        shapes: list[Shape] = [(None, *sample) for _, sample in key]
        graph = self.network.graph(shapes, training=False)
        dtypes = [np.dtype(value.dtype) for value in graph.outputs]
        outputs = [
            tuple(k or 0 for k in shape[1:]) for shape in self.network.output_shapes_for(shapes)
        ]
        sizes = [t.itemsize * math.prod(s) for t, s in zip(dtypes, outputs, strict=True)]
        samples = Samples(shapes, self.network.input_dtypes)
        names = tuple(f"out{i}" for i in range(len(outputs)))
        rows = [(f"x{i}", math.prod(sample)) for i, (_, sample) in enumerate(key)]
        rows += zip(names, map(math.prod, outputs), strict=True)
        plan = self._plans[key] = _Plan(
            partial(predict_batch, graph, samples, self.draw),
            list(zip(outputs, dtypes, strict=True)),
            rows,
            names,
            budget.memory() // max(sum(sizes), 1),
            graph.draws,
        )
        return plan

    def _blame(self, owner: Any) -> bool:
        """Nobody, if another model took the weights meanwhile: it is recorded again."""
        return Storage.moves != self.moves or blame(owner)

    def _step(self, plan: _Plan, key: Key, size: int, stride: int) -> Step:
        window = Window(size, stride, self.batch, plan.names)
        return self.records.step(key, window, self.eager, lambda: plan.function)


class _Plan(NamedTuple):
    """A prediction for inputs of some shapes.

    Attributes
    ----------
    function : callable
        The step.
    samples : list of tuple
        Shape and data type of a sample of each output.
    rows : list of tuple
        What each input, then each output, is called in the step, and the numbers in a row of it.
    names : tuple of str
        What the outputs are called.
    most : int
        As many samples fit into memory.
    draws : bool
        Whether random numbers are drawn: layers that were called with ``training=True``.
    """

    function: Callable[[Window, Bound], None]
    samples: list[tuple[tuple[int, ...], np.dtype]]
    rows: list[tuple[str, int]]
    names: tuple[str, ...]
    most: int
    draws: bool
