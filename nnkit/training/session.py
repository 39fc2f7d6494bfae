"""What training needs besides the layers: memory, counters, and the recorded steps."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit import config, metrics
from nnkit.data import Arrays
from nnkit.engine.backend import Replayer
from nnkit.engine.devices import current
from nnkit.engine.step import Bound, Step, Window
from nnkit.engine.twins import changed, fetch, keep_away
from nnkit.engine.variable import Storage
from nnkit.errors import warn
from nnkit.layers.base import Layer
from nnkit.training.steps import Counters, Objective, Reader, chain_of, evaluate_step, train_step

if TYPE_CHECKING:
    from nnkit.layers.chain import Watch
    from nnkit.models.compiled import Compiled

__all__ = ["Records", "Session", "blame"]

_MOST_RECORDS = 16


class Records:
    """Recorded steps by what they depend on; the longest unused is dropped.

    Parameters
    ----------
    replayer : Replayer
        Makes the steps.
    """

    def __init__(self, replayer: Replayer) -> None:
        self.replayer = replayer
        self._steps: OrderedDict[tuple[Any, ...], Step] = OrderedDict()

    def get(
        self,
        key: tuple[Any, ...],
        function: Callable[[], Callable[[Bound], None]],
        state: Callable[[], Sequence[np.ndarray]],
        results: tuple[str, ...],
        window: Window,
        eager: bool,
    ) -> Step:
        """The step for a key on the device in use.

        If there is none, it is made of ``function()`` and of ``state()``, what it changes.
        """
        key = (current(), config.matmul_precision(), window.size, window.stride, *key)
        step = self._steps.get(key)
        if step is None:
            step = self.replayer.step(function(), state(), results, window, eager)
            self._steps[key] = step
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
    objective : Objective
    counters : Counters
    """

    def __init__(self, model: Compiled) -> None:
        self.model = model
        trained = model.trainable_weights
        ids = {id(v) for v in trained}
        self.storage = Storage(
            trained + [v for v in model.weights if id(v) not in ids], len(trained)
        )
        slots = model.optimizer.slots
        self._slots = {name: np.zeros_like(self.storage.trainable) for name in slots}
        for flat in self._slots.values():
            keep_away(flat)
        found = [metrics.get(m, model.loss, model.output_shape) for m in model.metrics_given]
        self.objective = Objective(model.loss, found)
        self.counters = Counters()
        for layer in model.walk():
            if hasattr(layer, "counter"):  # Dropout: the step number picks the mask.
                layer.counter = self.counters.iteration
        self.records = Records(Replayer(model.turns.python, blame))

    @property
    def slots(self) -> dict[str, np.ndarray]:
        """The optimizer's memory, each flat, for the host to read or write at once."""
        for flat in self._slots.values():
            fetch(flat)
            changed(flat)
        return self._slots

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
        own = [self.storage.values, *self._slots.values(), sums, *self.counters.state()]
        return own + self.model.layer_states()

    def window(self, size: int, stride: int) -> Window:
        """The current batch, of ``size`` rows where a full one has ``stride``."""
        return Window(size, stride, self.counters.batch)

    def train_function(self, window: Window, watch: Watch | None = None) -> Callable[[Bound], None]:
        """One training step in Python."""
        chain, absorbed = chain_of(self.model.parts(), self.model.loss, watch)
        return train_step(
            chain,
            absorbed,
            self.objective,
            self.model.optimizer,
            self.storage,
            self._slots,
            self.counters,
            self._reader(window),
        )

    def train_step(self, data: Arrays, window: Window) -> Step:
        """The recorded training step."""
        key = ("train", data.signature(), self.model.optimizer.hyperparameters())
        return self._step(key, window, lambda: self.train_function(window))

    def evaluate_step(self, data: Arrays, window: Window) -> Step:
        """The recorded evaluation step."""

        def function() -> Callable[[Bound], None]:
            chain, absorbed = chain_of(self.model.parts(), self.model.loss, None)
            reader = self._reader(window)
            return evaluate_step(
                chain, absorbed, self.objective, self.storage, self.counters, reader
            )

        return self._step(("evaluate", data.signature()), window, function)

    @contextmanager
    def steps(self, count: int) -> Iterator[None]:
        """Within the block, this many training steps: with these learning rates and numbers."""
        optimizer, counters = self.model.optimizer, self.counters
        counters.position[0] = 0
        counters.iteration[0] = optimizer.iterations
        counters.rates[:count] = optimizer.learning_rate
        try:
            yield
        finally:
            optimizer.iterations = int(counters.iteration[0])

    def _step(
        self, key: tuple[Any, ...], window: Window, function: Callable[[], Callable[[Bound], None]]
    ) -> Step:
        eager = self.model.run_eagerly
        return self.records.get(key, function, self.state, (), window, eager)

    def _reader(self, window: Window) -> Reader:
        model = self.model
        return Reader(window, model.sample_shape, model.dtype, model.loss, model.input_dtype)


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
