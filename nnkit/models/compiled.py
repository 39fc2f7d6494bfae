"""How a model learns: what ``compile`` sets, and what data must be like."""

from __future__ import annotations

import copy
import operator
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any, cast

import numpy as np

from nnkit import losses, metrics, optimizers
from nnkit.arguments import explain_arguments
from nnkit.callbacks import CallbackList, History
from nnkit.checks import flag, integer
from nnkit.data import Arrays, as_array, check_finite, check_lengths, sample_weights
from nnkit.engine.turns import leave
from nnkit.engine.twins import changed, fetch
from nnkit.errors import warn
from nnkit.interrupts import allowed, deferred
from nnkit.layers.base import Layer, Shape
from nnkit.layers.masking import Masking
from nnkit.losses import Loss
from nnkit.metrics import Metric
from nnkit.models.inputs import fitted, only_input, targets_for
from nnkit.models.predictor import Predictor
from nnkit.models.session import Session
from nnkit.optimizers.base import Optimizer
from nnkit.utils.random import next_seed
from nnkit.weak import WeakTable

__all__ = ["Compiled"]

# Which model uses an optimizer, a loss or a metric.
_owners: WeakTable[weakref.ref[Compiled]] = WeakTable()


class Compiled(Layer, abstract=True):
    """A model that knows how to learn: optimizer, loss, metrics, and the memory they need.

    Attributes
    ----------
    fixed_batch_size : int or None
        Rows of every batch, of a model that remembers something for each row (``stateful=True``).
    """

    output_shape: Shape

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name)
        self.compiled = False
        self.run_eagerly = False
        self.stop_training = False
        self.history: History | None = None
        self._fits: threading.Thread | None = None
        self.fixed_batch_size: int | None = None
        self._seed = 0
        self._forget()

    def _forget(self) -> None:
        """Drop memory and recordings, because layers, weights or their addresses changed."""
        self._session: Session | None = None
        self._predictors: deque[Predictor] = deque()

    @contextmanager
    def _changing(self, method: str) -> Iterator[None]:
        """Within the block the model becomes another, and no thread uses it.

        Raises
        ------
        RuntimeError
            Another thread is within ``fit``.
        """
        with self.turns.alone(writes=True):
            self._refuse_during_fit(method)
            yield

    @contextmanager
    def _fitting(self) -> Iterator[None]:
        """Within the block this thread is within ``fit``; others come between its native calls."""
        with deferred():
            with self.turns.alone():
                self._refuse_during_fit("fit")
                outer, self._fits = self._fits, threading.current_thread()
            try:
                with allowed():
                    yield
            finally:
                self._fits = outer

    @contextmanager
    def _measuring(self, method: str) -> Iterator[object]:
        """Within the block the weights stay as they are; it gives what :meth:`pausing` takes.

        Raises
        ------
        RuntimeError
            Layers remember the batch before, and another thread is within ``fit``.
        """
        if self.layer_states():
            self._refuse_during_fit(f"{method} (layers with stateful=True remember its batches)")
            with self.turns.alone(writes=True), allowed():
                yield None
            return
        token = object()
        with deferred():
            try:
                self.turns.read(token)
                with allowed():
                    yield token
            finally:
                leave(token, None)

    def pausing(
        self, token: object, listeners: CallbackList | None
    ) -> Callable[[], AbstractContextManager[None]]:
        """What makes the blocks in which callbacks run between batches.

        Weights may change there: a callback may wait for another thread that changes them.
        """
        looks = listeners is not None and listeners.looks_between_batches
        return partial(self._pause, token) if looks and token is not None else nullcontext

    @contextmanager
    def _pause(self, token: object) -> Iterator[None]:
        leave(token, None)
        try:
            yield
        finally:
            self.turns.read(token)

    def _refuse_during_fit(self, method: str) -> None:
        """Raise an error if another thread is within ``fit``; a fork has none of these."""
        thread = self._fits
        others = set(threading.enumerate()) - {threading.current_thread()}
        if thread in others:  # Its is_alive() is False after Ctrl-C has ended a join.
            raise RuntimeError(
                f"{method}: thread {thread.name!r} is within fit of the same model; wait until it "
                "returns, or end it with model.stop_training = True"
            )

    # --------------------------------------------------------------------------------- compile

    @explain_arguments
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        *,
        metrics: Sequence[Any] | None = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
    ) -> None:
        """Say how the model learns; the optimizer starts from its first step.

        Parameters
        ----------
        optimizer : str or Optimizer
        loss : str or Loss
        metrics : list of str or Metric, optional
        run_eagerly : bool
            Run the layers' Python for every batch: slow, and open to a debugger.
        steps_per_execution, jit_compile
            Accepted for Keras's sake; a step is always compiled, and many run at once.

        Raises
        ------
        ValueError
            A name that is not known; the nearest one is named.
        """
        if loss is None:
            raise ValueError(
                "compile needs a loss, for example loss='mse' or 'sparse_categorical_crossentropy'"
            )
        if metrics is not None and (isinstance(metrics, str) or not isinstance(metrics, Sequence)):
            raise TypeError(f"metrics is a list, for example ['accuracy'], got {metrics!r}")
        found = optimizers.get(optimizer), losses.get(loss)  # All is checked before any is set.
        _check_metrics(metrics or [])
        run_eagerly = flag("compile", "run_eagerly", run_eagerly)
        with self._changing("compile"):
            self._adopt(found[0])
            self.run_eagerly = run_eagerly
            self.optimizer, self.loss = found[0], self._own(found[1])
            self.metrics_given = [self._own(metric) for metric in metrics or []]
            self._seed = next_seed()
            self.compiled = True
            self._forget()

    def _adopt(self, optimizer: Optimizer) -> None:
        """Start an optimizer from its first step; one that another model uses is refused."""
        owner = _owner(optimizer)
        if owner not in (None, self) and owner.optimizer is optimizer:
            raise ValueError(
                f"this {type(optimizer).__name__} belongs to another model, whose steps it counts; "
                f"make one for each model: {type(optimizer).__name__}(...)"
            )
        _owners[optimizer] = weakref.ref(self)
        optimizer.iterations = 0

    def _own(self, part: Any) -> Any:
        """A loss or metric, or a copy of that of another model: it keeps arrays while it works."""
        if not isinstance(part, (Loss, Metric)):
            return part
        if _owner(part) not in (None, self):
            part = copy.copy(part)
        _owners[part] = weakref.ref(self)
        return part

    def _require_compiled(self, method: str) -> None:
        if not self.compiled:
            raise RuntimeError(
                f"the model is not compiled: call compile(optimizer=..., loss=...) before {method}"
            )

    def session(self) -> Session:
        """Memory and recordings of training; made when first needed.

        Weights live in one vector. If another model that shares a layer has taken some, they come
        back here, to the addresses that were recorded. A layer that was frozen or thawed changes
        what is trained; the optimizer keeps what it remembers of the others.
        """
        with self.turns.alone():
            return self._claimed()

    def _claimed(self) -> Session:
        """The session, for who is alone with the model."""
        session = self._session
        trained = self.trainable_weights
        before = () if session is None else session.storage.trainable_variables
        # As objects: weights are compared by their values.
        same = len(before) == len(trained) and all(map(operator.is_, before, trained))
        if session is None or not same:
            old, session = session, Session(self)
            if old is not None:
                session.take_over(old)
            self._session = session
        session.storage.claim()
        return session

    def layer_states(self) -> list[np.ndarray]:
        """What layers remember from step to step besides their weights."""
        states = {id(a): a for layer in self.walk() for a in layer.states}
        return list(states.values())

    def reset_states(self) -> None:
        """Let layers that remember the batch before (``stateful=True``) begin anew."""
        with self.turns.alone(writes=True):
            for state in self.layer_states():
                fetch(state)
                state.fill(0)
                changed(state)

    @property
    def metric_directions(self) -> dict[str, str | None]:
        """Whether less (``"min"``) or more (``"max"``) of a result is better; None: unknown."""
        self._require_compiled("metric_directions")
        directions: dict[str, str | None] = {"loss": "min"}
        if self.input_shape is not None:  # Before that, "accuracy" may still be one of three.
            found = self.session().objective.metrics
            directions |= {metric.name: metric.direction for metric in found}
        return directions

    @property
    def metrics_names(self) -> list[str]:
        """Names of what ``evaluate`` returns, in its order."""
        return list(self.metric_directions)

    # ------------------------------------------------------------------------------------- data

    def _arrays(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
    ) -> Arrays:
        """Check data against the model and each other; build the model if this is its first."""
        x = self._samples(x)
        y = targets_for(y, "y", len(x))
        check_lengths({"x": x, "y": y})
        check_finite(x, "x", self.dtype)
        check_finite(y, "y", self.dtype)
        x = self._checked(x)
        targets = self.loss.prepare(y, (len(x), *self.output_shape[1:]))
        shape = self.output_shape
        if sample_weight is not None:
            sample_weight = targets_for(sample_weight, "sample_weight", len(x))
        weight = sample_weights(targets, sample_weight, class_weight, self.dtype, shape)
        return Arrays(x, targets, weight)

    def _samples(self, x: Any) -> Any:
        """What is given as x, also in a list or dictionary of the one input, as an array."""
        if not isinstance(x, np.ndarray):
            shape = None if self.input_shape is None else self.sample_shape
            x = only_input(x, "x", shape, self.input_name)
        return as_array(x, "x", stays=True)

    def as_input(self, x: Any) -> np.ndarray:
        """What a call is given, with a last axis of size 1 added or taken away if that fits."""
        x = as_array(self._samples(x), "x")
        return x if self.input_shape is None else fitted(x, self.sample_shape)

    @property
    def input_name(self) -> str | None:
        """Name of the model's Input; None if it has none."""
        return None

    def _warn_of_doubts(self, data: Arrays, held_out: Arrays | None = None) -> None:
        """Warn, once, of targets that can be taken but are rarely meant."""
        doubts = self._doubts(data)
        if held_out is not None and not doubts:
            doubts = self._doubts(held_out)
            doubts = doubts and f"validation_data: {doubts}"
        if doubts:
            warn(doubts, UserWarning)

    def _doubts(self, data: Arrays) -> str:
        targets = cast(np.ndarray, data.y)
        counts = None if data.weight is None else data.weight != 0
        if len(self.output_shape) > 2 and any(_makes_mask(layer) for layer in self.walk()):
            counts = np.zeros((len(data), 1), bool)  # Which steps count, only the step knows.
        return self.loss.doubts(targets, self.output_shape, counts)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Shape of one sample of the input."""
        return tuple(n or 0 for n in (self.input_shape or (None,))[1:])

    def _batch_size(self, method: str, name: str, given: Any, default: int) -> int:
        """How many rows a batch has, by an argument of a method."""
        fixed = self.fixed_batch_size
        if given is None:
            return fixed or default
        size = integer(method, name, given)
        if fixed and size != fixed:
            raise ValueError(
                f"{method}: {name} is {size}, but the model is stateful, with batches of {fixed} "
                f"rows; leave {name} out"
            )
        return size

    def _check_whole_batches(self, data: Any, name: str) -> None:
        """Refuse a smaller last batch where each row is remembered."""
        fixed = self.fixed_batch_size
        if fixed and len(data) % fixed:
            raise ValueError(
                f"{name} has {len(data)} samples, but the model is stateful, with batches of "
                f"{fixed} rows: give a multiple of {fixed}"
            )

    def _checked(self, x: Any) -> Any:
        """Samples with the axes that the model takes; the model is built if it was not."""
        if self.input_shape is None and x.ndim > 1:
            self.build((None, *x.shape[1:]))
        if self.input_shape is None or x.shape[1:] != self.input_shape[1:]:
            x = self._fitted(x)
        self.check_values(x, "x")
        return x

    def _fitted(self, x: Any) -> Any:
        shape = self.sample_shape
        found = fitted(x, shape)
        if shape and found.shape[1:] == shape:
            return found
        hint = ""
        if x.ndim == 1 and not shape:
            hint = "; samples of one feature need an axis for it: x[:, None]"
        elif x.shape == shape:
            hint = "; a single sample needs a batch axis: x[None]"
        raise ValueError(
            f"x has samples of shape {x.shape[1:]}, but the model takes "
            f"{shape or 'at least one axis'}{hint}"
        )

    def _check_dtypes(self) -> None:
        for layer in self.walk():
            if layer.dtype != self.dtype:
                raise ValueError(
                    f"layer {layer.name!r} is {layer.dtype}, but the model is {self.dtype}; "
                    "give all layers one dtype (nnkit.config.set_floatx sets the default)"
                )


def _owner(part: Any) -> Any:
    """The model that uses it, if there is one."""
    known = _owners.get(part)
    return None if known is None else known()


def _makes_mask(layer: Layer) -> bool:
    return isinstance(layer, Masking) or getattr(layer, "mask_zero", False)


def _check_metrics(given: Sequence[Any]) -> None:
    """Refuse unknown metrics when the model is compiled, not after the first data."""
    names = ["loss", *(metrics.get(metric).name for metric in given)]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"two results would be called {twice.pop()!r}; give metrics other names")
