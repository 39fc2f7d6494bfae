"""One step of training, evaluation and prediction, as a list of launches.

A replay repeats exactly these launches. Kernels find the rows of a batch by counters in memory, so
repeating the launches does the next batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nnkit.engine.dispatch import empty, launch, working
from nnkit.engine.step import Bound, Window
from nnkit.layers.base import Shape
from nnkit.layers.graph import Graph

if TYPE_CHECKING:
    from nnkit.training.session import Session

__all__ = [
    "Batch",
    "Counters",
    "Samples",
    "evaluate_batch",
    "predict_batch",
    "read_batch",
    "train_batch",
]

# The largest number of steps in a native call: the length of the table of learning rates.
MOST_STEPS = 4096


def train_batch(session: Session, samples: Samples, window: Window, bound: Bound) -> None:
    """The step of ``fit``: forward, loss, backward, update.

    Parameters
    ----------
    session : Session
        The memory that outlives the step, and the layers that run.
    samples : Samples
    window : Window
        The rows of the batch.
    bound : dict
        The data.
    """
    graph = session.graph(samples.shapes, training=True)
    objective, optimizer = session.objective, session.optimizer
    counters, storage = session.counters, session.storage
    graph.draw_by(counters.iteration)
    batch = read_batch(samples, window, bound)
    outputs = graph.forward(batch.x)
    objective.measure(batch, outputs, graph)
    graph.backward(objective.gradients(batch.y, outputs))
    objective.add(window.size, graph)
    with working(optimizer):
        for variable in objective.regularized:
            variable.regularizer.add_gradient(variable.value, variable.gradient)
            variable.use_every_row()
        launch.advance(
            counters.rates, counters.position, counters.batch, counters.iteration, counters.rate
        )
        optimizer.apply(storage, session.flat_slots, counters.rate, counters.iteration)
        for variable in session.constrained:
            variable.constraint.apply(variable.value)


def evaluate_batch(session: Session, samples: Samples, window: Window, bound: Bound) -> None:
    """The step of ``evaluate``: forward, loss, metrics."""
    graph = session.graph(samples.shapes, training=False)
    objective, counters = session.objective, session.counters
    graph.draw_by(counters.draw)
    batch = read_batch(samples, window, bound)
    objective.measure(batch, graph.forward(batch.x), graph)
    objective.add(window.size, graph)
    launch.advance_batch(counters.batch)
    if graph.draws:
        launch.advance_batch(counters.draw)


def predict_batch(
    graph: Graph, samples: Samples, draw: np.ndarray, window: Window, bound: Bound
) -> None:
    """The step of ``predict``: forward, then scatter the rows into the results."""
    graph.draw_by(draw)
    outputs = graph.forward(read_batch(samples, window, bound).x)
    for name, y in zip(window.results, outputs, strict=True):
        wanted = window.size, bound[name].shape[1]
        if y.ndim == 0 or (len(y), y.size) != (wanted[0], wanted[0] * wanted[1]):
            raise ValueError(
                f"an output of shape {y.shape} for a batch of {wanted[0]} rows: an output of a "
                f"model has one entry of {wanted[1]} numbers for each row of its inputs"
            )
        rows = y.reshape(len(y), -1)
        launch.scatter_sequence(rows, window.batch, window.stride, 0, bound[name])
    launch.advance_batch(window.batch)
    if graph.draws:
        launch.advance_batch(draw)


class Samples(NamedTuple):
    """How layers and losses take samples.

    Attributes
    ----------
    shapes : sequence of tuple
        Of each input, the batch axis first.
    types : sequence of str
        Data type of each input.
    targets : sequence of (str or None)
        Data type of each output's targets; None if it has no loss.
    weights : str
        Data type of samples' weights.
    forms : sequence of (tuple or None)
        For each output the shape in which a sample's targets were given, if that is known.
    """

    shapes: Sequence[Shape]
    types: Sequence[str]
    targets: Sequence[str | None] = ()
    weights: str = "float32"
    forms: Sequence[Shape | None] = ()


class Batch(NamedTuple):
    """The rows of a step.

    Attributes
    ----------
    x : list of numpy.ndarray
        (size, ...) for each input.
    y, weight : list of (numpy.ndarray or None)
        (size, ...) for each output.
    forms : sequence of (tuple or None)
        See :class:`Samples`.
    """

    x: list[np.ndarray]
    y: list[np.ndarray | None]
    weight: list[np.ndarray | None]
    forms: Sequence[Any] = ()


def read_batch(samples: Samples, window: Window, bound: Bound) -> Batch:
    """Gather the current batch from the bound arrays.

    Parameters
    ----------
    samples : Samples
    window : Window
    bound : dict
        Matrices; their rows are taken in the order called ``"order"``, if that is among them.
    """

    def read(name: str, dtype: str | None) -> np.ndarray | None:
        if name not in bound:
            return None
        rows = empty((window.size, bound[name].shape[1]), dtype)
        if "order" in bound:
            launch.gather(bound[name], bound["order"], window.batch, window.stride, 0, rows)
        else:
            launch.gather_sequence(bound[name], window.batch, window.stride, 0, rows)
        return rows

    x = []
    for i, (dtype, shape) in enumerate(zip(samples.types, samples.shapes, strict=True)):
        rows: Any = read(f"x{i}", dtype)
        x.append(rows.reshape(window.size, *shape[1:]))
    y = [read(f"y{i}", dtype) for i, dtype in enumerate(samples.targets)]
    weight = [read(f"weight{i}", samples.weights) for i in range(len(samples.targets))]
    return Batch(x, y, weight, samples.forms)


class Counters:
    """The numbers that change from step to step, in memory that kernels read and write.

    Attributes
    ----------
    batch : numpy.ndarray
        int64 (1,): index of the next batch in the epoch.
    iteration : numpy.ndarray
        int64 (1,): the number of steps that the optimizer has done. What layers such as Dropout
        draw in training follows from it.
    draw : numpy.ndarray
        int64 (1,): the number from which it follows in evaluation, for layers that draw there, too.
    rates, rate : numpy.ndarray
        float64: the learning rates of the next steps, and the current one, (1,).
    position : numpy.ndarray
        int64 (1,): index of the next entry of ``rates``.
    state : list of numpy.ndarray
        The arrays that a step changes.
    """

    def __init__(self) -> None:
        memory = np.zeros(5 + MOST_STEPS, np.int64)  # Copied to a device as one block.
        self.batch, self.iteration, self.position, self.draw = np.split(memory[:4], 4)
        self.rate, self.rates = memory[4:5].view(np.float64), memory[5:].view(np.float64)
        self.state = [self.batch, self.iteration, self.position, self.draw, self.rate]
