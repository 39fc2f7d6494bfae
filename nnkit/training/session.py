"""What training needs besides the layers: memory, counters, and the recorded steps."""

from __future__ import annotations

import operator
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit.engine.mirrors import writing
from nnkit.engine.step import Bound, Records, Step, Window
from nnkit.engine.variable import Storage, Variable
from nnkit.errors import warn
from nnkit.layers.base import Layer, Shape
from nnkit.layers.graph import Graph
from nnkit.networks import Network
from nnkit.optimizers.base import Optimizer, keepers
from nnkit.training.aims import Aims
from nnkit.training.numerics import explain
from nnkit.training.objective import Objective
from nnkit.training.searching import search
from nnkit.training.steps import Counters, Samples, evaluate_batch, train_batch
from nnkit.training.trained import Trained

if TYPE_CHECKING:
    from nnkit.models.trainer import Trainer
    from nnkit.training.loops import Batches, Logs, Run

__all__ = ["Session", "blame", "claimed"]

_EVALUATION = 2**62  # Where it begins to number its draws: training does not come that far.

StepFunction = Callable[["Session", Samples, Window, Bound], None]


class Session:
    """A built network that learns: ready to do steps.

    Parameters
    ----------
    network : Network
    optimizer : Optimizer
    aims : Aims
        What ``compile`` was given for each output.
    python : callable
        See :class:`nnkit.engine.step.Records`.
    fixed : Trained
        What is trained.

    Attributes
    ----------
    storage : Storage
        All weights and gradients, flat.
    flat_slots : dict of str to numpy.ndarray
        The optimizer's memory, each flat; :attr:`slots` is for who reads it on the host.
    objective : Objective
    counters : Counters
    constrained : list of Variable
        Trained weights with a constraint.
    state : list of numpy.ndarray
        Every array that a step changes and the next one needs.
    eager : bool
        Steps that are not recorded yet run in Python each time.
    """

    def __init__(
        self,
        network: Network,
        optimizer: Optimizer,
        aims: Aims,
        python: Callable[[], AbstractContextManager[Any]],
        fixed: Trained,
    ) -> None:
        self.network, self.optimizer, self.aims = network, optimizer, aims
        self.python, self.eager, self.fixed = python, False, fixed
        with fixed.within():
            self.made_of = _made_of(network)
            trained = network.trainable_weights
        ids = {id(v) for v in trained}
        self.storage = Storage(
            trained + [v for v in network.weights if id(v) not in ids], len(trained)
        )
        self.flat_slots = optimizer.new_slots(self.storage)
        keepers[optimizer] = weakref.ref(self)
        regularized = [v for v in trained if v.regularizer is not None]
        self.constrained = [v for v in trained if v.constraint is not None]
        self.objective = Objective(aims.goals(network), regularized)
        self.counters = counters = Counters()
        self._graphs: dict[Any, Graph] = {}
        slots, sums = self.flat_slots.values(), self.objective.sums
        self.state = [self.storage.values, *slots, sums, *counters.state, *network.states()]
        self.records = Records(self.state, python, blame)

    # ------------------------------------------------------------------------------------ steps

    def graph(self, shapes: Sequence[Shape], training: bool) -> Graph:
        """What runs for inputs of these shapes; made once, so that records are alike."""
        key = (*shapes, training)
        if key not in self._graphs:
            losses = [goal.loss for goal in self.objective.goals]
            with self.fixed.within():
                self._graphs[key] = self.network.graph(shapes, training, losses)
        return self._graphs[key]

    def train(self, run: Run, batches: Batches) -> Logs:
        """Some steps of training; loss and metrics of the run so far."""
        key = ("train", run.block.signature, self.optimizer.hyperparameters())
        step = self._step(key, train_batch, run, batches)
        with self.fixed.within(), self.steps(batches.steps):
            if self.optimizer.searches or run.check_numerics:
                (search if self.optimizer.searches else explain)(self, step, run, batches)
            else:
                step.run(run.block.bound, batches.steps, run.meanwhile)
        run.sums = self.objective.sums.copy()
        return self.objective.logs()

    def evaluate(self, run: Run, batches: Batches) -> Logs:
        """Some steps of evaluation; loss and metrics of the run so far."""
        step = self._step(("evaluate", run.block.signature), evaluate_batch, run, batches)
        # The same numbers whenever the model is as it is now, others for each batch.
        self.counters.draw[0] = _EVALUATION + (self.optimizer.steps_done << 24) + batches.first
        step.run(run.block.bound, batches.steps)
        run.sums = self.objective.sums.copy()
        return self.objective.logs()

    def _step(self, key: Any, function: StepFunction, run: Run, batches: Batches) -> Step:
        """The step to repeat, where the run is: others may have used the session since."""
        self.counters.batch[0] = batches.at
        if run.sums is None:
            self.objective.clear()
        else:
            self.objective.sums[...] = run.sums
        block = run.block
        window = Window(batches.size, block.stride, self.counters.batch)

        def make() -> Callable[[Window, Bound], None]:
            return partial(function, self, self.samples(block.data.shapes, block.data.forms))

        return self.records.step(key, window, self.eager, make)

    def samples(self, shapes: Sequence[Shape], forms: Sequence[Any] = ()) -> Samples:
        """How the network takes samples whose inputs and targets have these shapes."""
        dtype = self.network.dtype
        targets = [goal.target_dtype(dtype) for goal in self.objective.goals]
        return Samples(shapes, self.network.input_dtypes, targets, dtype, forms)

    @contextmanager
    def steps(self, count: int) -> Iterator[None]:
        """Within the block, this many training steps: with these learning rates and numbers."""
        optimizer, counters = self.optimizer, self.counters
        counters.position[0] = 0
        counters.iteration[0] = optimizer.steps_done
        counters.rates[:count] = optimizer.rates(count)
        try:
            yield
        finally:
            optimizer.steps_done = int(counters.iteration[0])

    # ----------------------------------------------------------------------------------- memory

    @property
    def slots(self) -> dict[str, np.ndarray]:
        """The optimizer's memory, each flat, for the host to read or write at once."""
        return {name: writing(flat) for name, flat in self.flat_slots.items()}

    def slot_views(self) -> dict[str, list[np.ndarray]]:
        """The same by name: for each a view for every trained weight."""
        storage, layout = self.storage, self.optimizer.layout
        return {n: layout(storage, n).views(flat) for n, flat in self.slots.items()}

    def slot_variables(self) -> list[Variable]:
        """The same as variables, all slots of a weight side by side."""
        views, found = self.slot_views(), []
        for i, weight in enumerate(self.storage.trainable_variables):
            for name, arrays in views.items():
                found.append(Variable(arrays[i], f"{weight.path}/{name}", trainable=False))
        return found

    def finish(self) -> None:
        """At the end of ``fit``: weights become their averages, if a step has made some."""
        if self.optimizer.steps_done:
            writing(self.storage.trainable)[...] = self.slots["average"]

    def claimed(self, optimizer: Optimizer) -> Session:
        """This session with all weights in its memory, or another if it must train otherwise.

        If another model that shares a layer has taken some weights, they come back here, to the
        addresses that were recorded. Another shape of the input changes what is trained, and so
        does another activation, regularizer or constraint; the optimizer keeps what it remembers
        of the other weights. Another optimizer begins with empty slots.
        """
        with self.fixed.within():
            before, now = self.made_of, _made_of(self.network)
        # As objects: weights are compared by their values.
        same = len(before) == len(now) and all(map(operator.is_, before, now))
        same = same and self.fits(optimizer)
        if self.optimizer is not optimizer:
            return Session(self.network, optimizer, self.aims, self.python, self.fixed)
        if same:
            self.storage.claim()
            return self
        new = Session(self.network, optimizer, self.aims, self.python, self.fixed)
        new.take_over(self)
        return new

    def fits(self, optimizer: Optimizer) -> bool:
        """Whether these are the slots of an optimizer, which may want an average only now."""
        return tuple(self.flat_slots) == optimizer.all_slots

    def take_over(self, old: Session) -> None:
        """Go on where a session with other trainable weights stopped."""
        new = {id(v): i for i, v in enumerate(self.storage.trainable_variables)}
        before, now = old.slot_views(), self.slot_views()
        for i, variable in enumerate(old.storage.trainable_variables):
            if id(variable) in new:
                for name, views in now.items():
                    if name in before:  # An average may be wanted only now.
                        views[new[id(variable)]][...] = before[name][i]


def _made_of(network: Network) -> list[Any]:
    """All that a step is made of and that may be exchanged: what runs, what is trained and how."""
    trained = network.trainable_weights
    parts = [part for layer in network.walk() for part in layer.parts()]
    return [*parts, *(a for v in trained for a in (v, v.regularizer, v.constraint))]


def claimed(model: Trainer) -> Session:
    """The session of a model, for who is alone with it, with all weights in its memory.

    Since the last native call another model may have taken a layer that both have, and a callback
    may have frozen one or compiled the model.
    """
    session = model.held
    if (
        session is None
        or session.storage.seen != Storage.moves
        or session.network is not model.network
        or session.optimizer is not model.optimizer
        or not session.fits(model.optimizer)
    ):
        return model.session()
    session.eager = model.run_eagerly
    return session


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
