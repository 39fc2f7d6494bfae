"""One step of training, evaluation and prediction, as a list of launches.

A replay repeats exactly these launches. Kernels find the rows of a batch by counters in memory, so
repeating the launches does the next batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nnkit.engine.dispatch import empty, launch, working
from nnkit.engine.step import Bound, Window
from nnkit.layers.chain import Chain

if TYPE_CHECKING:
    from nnkit.training.session import Session

__all__ = ["Counters", "Samples", "evaluate_batch", "predict_batch", "read_batch", "train_batch"]

# The largest number of steps in a native call: the length of the table of learning rates.
MOST_STEPS = 4096


def train_batch(session: Session, window: Window, bound: Bound) -> None:
    """The step of ``fit``: forward, loss, backward, update.

    Parameters
    ----------
    session : Session
        The memory that outlives the step, and the layers that run.
    window : Window
        The rows of the batch.
    bound : dict
        The data.
    """
    chain, objective, optimizer = session.chain, session.objective, session.optimizer
    counters, storage = session.counters, session.storage
    batch = read_batch(session.samples, window, bound)
    z = chain.forward(batch["x"], training=True)
    objective.measure(batch, z, chain)
    chain.backward(objective.gradient(batch["y"], z))
    objective.add(window.size, chain)
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


def evaluate_batch(session: Session, window: Window, bound: Bound) -> None:
    """The step of ``evaluate``: forward, loss, metrics."""
    chain, objective = session.chain, session.objective
    batch = read_batch(session.samples, window, bound)
    objective.measure(batch, chain.forward(batch["x"], training=False), chain)
    objective.add(window.size, chain)
    launch.advance_batch(session.counters.batch)


def predict_batch(chain: Chain, samples: Samples, window: Window, bound: Bound) -> None:
    """The step of ``predict``: forward, then scatter the rows into the result."""
    y = chain.forward(read_batch(samples, window, bound)["x"], training=False)
    rows = y.reshape(len(y), -1)
    launch.scatter_sequence(rows, window.batch, window.stride, 0, bound["out"])
    launch.advance_batch(window.batch)


class Samples(NamedTuple):
    """How layers and losses take samples.

    Attributes
    ----------
    types : dict of str to str
        The data types of ``"x"``, and of ``"y"`` and ``"weight"``.
    shape : tuple of int
        Of one sample's x.
    """

    types: dict[str, str]
    shape: tuple[int, ...]


def read_batch(samples: Samples, window: Window, bound: Bound) -> dict[str, np.ndarray]:
    """Gather the current batch from the bound arrays: x, and y and weight if there are any.

    Parameters
    ----------
    samples : Samples
    window : Window
    bound : dict
        Matrices; their rows are taken in the order called ``"order"``, if that is among them.

    Returns
    -------
    dict of str to numpy.ndarray
        x (size, ...), y and weight (size, ...).
    """
    batch = {}
    for name, dtype in samples.types.items():
        if name in bound:
            batch[name] = rows = empty((window.size, bound[name].shape[1]), dtype)
            if "order" in bound:
                launch.gather(bound[name], bound["order"], window.batch, window.stride, 0, rows)
            else:
                launch.gather_sequence(bound[name], window.batch, window.stride, 0, rows)
    batch["x"] = batch["x"].reshape(window.size, *samples.shape)
    return batch


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
    state : list of numpy.ndarray
        The arrays that a step changes.
    """

    def __init__(self) -> None:
        memory = np.zeros(4 + MOST_STEPS, np.int64)  # Copied to a device as one block.
        self.batch, self.iteration, self.position = memory[:1], memory[1:2], memory[2:3]
        self.rate, self.rates = memory[3:4].view(np.float64), memory[4:].view(np.float64)
        self.state = [self.batch, self.iteration, self.position, self.rate]
