"""What training needs besides the layers: memory, counters, and the recorded steps."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit import metrics
from nnkit.engine.step import Bound, Records, Window
from nnkit.engine.twins import writing
from nnkit.engine.variable import Storage
from nnkit.errors import warn
from nnkit.layers.base import Layer
from nnkit.layers.chain import Watch
from nnkit.losses.base import Loss
from nnkit.networks import Network
from nnkit.optimizers.base import Optimizer
from nnkit.training.numerics import explain
from nnkit.training.steps import Counters, Objective, Reader, evaluate_batch, train_batch

if TYPE_CHECKING:
    from nnkit.training.batches import Batches
    from nnkit.training.loops import Logs, Run

__all__ = ["Session", "blame"]

StepFunction = Callable[[Bound], None]


class Session:
    """A built network that learns: ready to do steps.

    Parameters
    ----------
    network : Network
    optimizer : Optimizer
    loss : Loss
    given : sequence of str or Metric
        The metrics, as ``compile`` was given them.
    python : callable
        See :class:`nnkit.engine.step.Records`.

    Attributes
    ----------
    storage : Storage
        All weights and gradients, flat.
    flat_slots : dict of str to numpy.ndarray
        The optimizer's memory, each flat; :attr:`slots` is for who reads it on the host.
    objective : Objective
    counters : Counters
    eager : bool
        Steps that are not recorded yet run in Python each time.
    """

    def __init__(
        self,
        network: Network,
        optimizer: Optimizer,
        loss: Loss,
        given: Sequence[Any],
        python: Callable[[], AbstractContextManager[Any]],
    ) -> None:
        self.network, self.optimizer, self.loss = network, optimizer, loss
        self.given, self.python, self.eager = given, python, False
        self.shape = network.input_shape
        trained = network.trainable_weights
        ids = {id(v) for v in trained}
        self.storage = Storage(
            trained + [v for v in network.weights if id(v) not in ids], len(trained)
        )
        self.flat_slots = {name: self.storage.slot() for name in optimizer.slots}
        found = [metrics.get(m, loss, network.output_shape) for m in given]
        self.objective = Objective(loss, found)
        self.counters = Counters()
        for layer in network.walk():
            if hasattr(layer, "counter"):  # Dropout: the step number picks the mask.
                layer.counter = self.counters.iteration
        self.records = Records(self.state, python, blame)

    # ------------------------------------------------------------------------------------ steps

    def train(self, run: Run, batches: Batches) -> Logs:
        """Some steps of training; loss and metrics of the run so far."""
        window = self._begin(run, batches)
        key = ("train", run.data.signature(), self.optimizer.hyperparameters())
        step = self.records.step(key, window, self.eager, self.train_function)
        with self.steps(batches.steps):
            if run.check_numerics:
                explain(self, step, run, batches.steps, window)
            else:
                step.run(run.bound, batches.steps, run.meanwhile)
        return self._end(run)

    def evaluate(self, run: Run, batches: Batches) -> Logs:
        """Some steps of evaluation; loss and metrics of the run so far."""
        window = self._begin(run, batches)
        key = ("evaluate", run.data.signature())
        step = self.records.step(key, window, self.eager, self.evaluate_function)
        step.run(run.bound, batches.steps)
        return self._end(run)

    def train_function(self, window: Window, watch: Watch | None = None) -> StepFunction:
        """What a training step does in Python, as a function of the bound data."""
        runner = self.network.runner(self.loss, watch)
        return partial(train_batch, self, *runner, Reader(self.network, window, self.loss))

    def evaluate_function(self, window: Window) -> StepFunction:
        """What a step of evaluation does in Python, as a function of the bound data."""
        runner = self.network.runner(self.loss)
        return partial(evaluate_batch, self, *runner, Reader(self.network, window, self.loss))

    def window(self, size: int, stride: int) -> Window:
        """The current batch, of ``size`` rows where a full one has ``stride``."""
        return Window(size, stride, self.counters.batch)

    @contextmanager
    def steps(self, count: int) -> Iterator[None]:
        """Within the block, this many training steps: with these learning rates and numbers."""
        optimizer, counters = self.optimizer, self.counters
        counters.position[0] = 0
        counters.iteration[0] = optimizer.iterations
        counters.rates[:count] = optimizer.learning_rate
        try:
            yield
        finally:
            optimizer.iterations = int(counters.iteration[0])

    def _begin(self, run: Run, batches: Batches) -> Window:
        """Be where the run is: others may have used the session since."""
        self.counters.batch[0] = batches.first
        self.objective.sums[...] = run.sums
        return self.window(batches.size, run.stride)

    def _end(self, run: Run) -> Logs:
        run.sums = self.objective.sums.copy()
        return self.objective.logs()

    # ----------------------------------------------------------------------------------- memory

    def state(self) -> list[np.ndarray]:
        """Every array that a step changes and the next one needs."""
        sums = self.objective.sums
        own = [self.storage.values, *self.flat_slots.values(), sums, *self.counters.state()]
        return own + self.network.states()

    @property
    def slots(self) -> dict[str, np.ndarray]:
        """The optimizer's memory, each flat, for the host to read or write at once."""
        return {name: writing(flat) for name, flat in self.flat_slots.items()}

    def claimed(self) -> Session:
        """This session with all weights in its memory, or another if the network is another.

        If another model that shares a layer has taken some weights, they come back here, to the
        addresses that were recorded. A layer that was frozen or thawed changes what is trained; the
        optimizer keeps what it remembers of the others. So does another shape of the input.
        """
        before, trained = self.storage.trainable_variables, self.network.trainable_weights
        # As objects: weights are compared by their values.
        same = len(before) == len(trained) and all(map(operator.is_, before, trained))
        if same and self.shape == self.network.input_shape:
            self.storage.claim()
            return self
        new = Session(self.network, self.optimizer, self.loss, self.given, self.python)
        new._take_over(self)
        return new

    def _take_over(self, old: Session) -> None:
        """Go on where a session with other trainable weights stopped."""
        new = {id(v): i for i, v in enumerate(self.storage.trainable_variables)}
        for i, variable in enumerate(old.storage.trainable_variables):
            if id(variable) in new:
                for name, flat in self.slots.items():
                    kept = old.storage.view(old.slots[name], i)
                    self.storage.view(flat, new[id(variable)])[...] = kept


def blame(owner: Any) -> bool:
    """Warn of work that a replay can't repeat; whether it may run as a Python stop instead."""
    name = getattr(owner, "name", None) or type(owner).__name__
    movable = isinstance(owner, Layer) and owner.recordable
    remedy = (
        "it runs in Python from now on; remove its recordable = True"
        if movable
        else "the whole step runs in Python from now on"
    )
    warn(
        f"{name!r} does something in a step besides launching kernels on its own memory, so a "
        f"replay would not repeat it: {remedy}",
        RuntimeWarning,
    )
    if movable:
        owner.recordable = False
    return movable
