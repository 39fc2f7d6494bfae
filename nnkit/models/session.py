"""What training needs besides the layers: memory, counters, and the recorded steps."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit import metrics
from nnkit.data import Arrays
from nnkit.engine.memory import Arena
from nnkit.engine.program import MANY_STEPS
from nnkit.engine.step import Bound, Step
from nnkit.engine.variable import Storage
from nnkit.layers.base import Layer
from nnkit.models.steps import Counters, Objective, Reader, chain_of, evaluate_step, train_step

if TYPE_CHECKING:
    from nnkit.models.chain import Watch
    from nnkit.models.compiled import Compiled

__all__ = ["Records", "Session", "blame"]

_MOST_RECORDS = 16


class Records:
    """Recorded steps by what they depend on; the longest unused is dropped.

    Parameters
    ----------
    lock : context manager
        Held while a step runs in Python.
    blame : callable
        See :class:`Step`.
    share : float
        How much a worker of them must have to do.
    """

    def __init__(
        self,
        lock: AbstractContextManager[Any],
        blame: Callable[[Any], bool],
        share: float = MANY_STEPS,
    ) -> None:
        self.lock, self.blame, self.share = lock, blame, share
        self.arena = Arena()
        self._steps: OrderedDict[tuple[Any, ...], Step] = OrderedDict()

    def get(
        self,
        key: tuple[Any, ...],
        function: Callable[[], Callable[[Bound], None]],
        state: Sequence[np.ndarray],
        results: Sequence[str],
        eager: bool,
    ) -> Step:
        """The step for a key; ``function()`` makes it if there is none."""
        step = self._steps.get(key)
        if step is None:
            step = self._steps[key] = Step(
                function(), state, results, self.arena, self.lock, self.blame, eager, self.share
            )
            if len(self._steps) > _MOST_RECORDS:
                self._steps.popitem(last=False)
        else:
            self._steps.move_to_end(key)
        return step


class Session:
    """A built and compiled model, ready to do steps.

    Attributes
    ----------
    storage : Storage
        All weights and gradients, flat.
    slots : dict of str to numpy.ndarray
        The optimizer's memory, each flat.
    objective : Objective
    counters : Counters
    changing : bool
        Whether weights are being changed right now, by some thread.
    """

    def __init__(self, model: Compiled) -> None:
        self.model = model
        self.changing = False
        trained = model.trainable_weights
        ids = {id(v) for v in trained}
        self.storage = Storage(
            trained + [v for v in model.weights if id(v) not in ids], len(trained)
        )
        slots = model.optimizer.slots
        self.slots = {name: np.zeros_like(self.storage.trainable) for name in slots}
        found = [metrics.get(m, model.loss, model.output_shape) for m in model.metrics_given]
        self.objective = Objective(model.loss, found)
        self.counters = Counters()
        for part in model.parts:
            if hasattr(part, "counter"):  # Dropout: the step number picks the mask.
                part.counter = self.counters.iteration
        self.records = Records(model.python_lock, blame)

    def take_over(self, old: Session) -> None:
        """Go on where a session with other trainable weights stopped."""
        new = {id(v): i for i, v in enumerate(self.storage.trainable_variables)}
        for i, variable in enumerate(old.storage.trainable_variables):
            if id(variable) in new:
                for name, flat in self.slots.items():
                    kept = old.storage.view(old.slots[name], i)
                    self.storage.view(flat, new[id(variable)])[...] = kept

    def state(self) -> list[np.ndarray]:
        """Every array that a step changes and the next one needs."""
        sums = self.objective.sums
        return [self.storage.values, *self.slots.values(), sums, *self.counters.state()]

    def train_function(
        self, size: int, stride: int, watch: Watch | None = None
    ) -> Callable[[Bound], None]:
        """One training step in Python."""
        chain, absorbed = chain_of(self.model.parts, self.model.loss, watch)
        return train_step(
            chain,
            absorbed,
            self.objective,
            self.model.optimizer,
            self.storage,
            self.slots,
            self.counters,
            self._reader(size, stride),
        )

    def train_step(self, data: Arrays, size: int, stride: int) -> Step:
        """The recorded training step for batches of ``size`` rows."""
        key = ("train", size, stride, data.signature(), self.model.optimizer.hyperparameters())
        return self._step(key, lambda: self.train_function(size, stride))

    def evaluate_step(self, data: Arrays, size: int, stride: int) -> Step:
        """The recorded evaluation step for batches of ``size`` rows."""

        def function() -> Callable[[Bound], None]:
            chain, absorbed = chain_of(self.model.parts, self.model.loss, None)
            reader = self._reader(size, stride)
            return evaluate_step(chain, absorbed, self.objective, self.counters, reader)

        return self._step(("evaluate", size, stride, data.signature()), function)

    @contextmanager
    def steps(self, count: int) -> Iterator[None]:
        """Within the block, this many training steps: with these learning rates and numbers."""
        optimizer, counters = self.model.optimizer, self.counters
        counters.position[0] = 0
        counters.iteration[0] = optimizer.iterations
        counters.rates[:count] = optimizer.learning_rate
        self.changing = True
        try:
            yield
        finally:
            self.changing = False
            optimizer.iterations = int(counters.iteration[0])

    def _step(self, key: tuple[Any, ...], function: Callable[[], Callable[[Bound], None]]) -> Step:
        return self.records.get(key, function, self.state(), (), self.model.run_eagerly)

    def _reader(self, size: int, stride: int) -> Reader:
        model = self.model
        return Reader(size, stride, self.counters, model.sample_shape, model.dtype, model.loss)


def blame(owner: Any) -> bool:
    """Warn of work that a replay can't repeat; whether it may run as a Python stop instead."""
    name = getattr(owner, "name", None) or type(owner).__name__
    movable = isinstance(owner, Layer) and owner.recordable
    remedy = (
        "it runs in Python from now on; remove its recordable = True"
        if movable
        else "the whole step runs in Python from now on"
    )
    warnings.warn(
        f"{name!r} does something in a step besides launching kernels on its own memory, so a "
        f"replay would not repeat it: {remedy}",
        RuntimeWarning,
        stacklevel=2,
    )
    if movable:
        owner.recordable = False
    return movable
