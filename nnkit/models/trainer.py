"""What a model does with data: compile, fit, evaluate, predict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any, Literal, overload

import numpy as np

from nnkit import optimizers
from nnkit.arguments import explain_arguments
from nnkit.callbacks import Callback, CallbackList, History
from nnkit.checks import flag, integer, number
from nnkit.data import Arrays, ArraySource, Block, Source, gives_batches, seems_finite
from nnkit.engine.mirrors import writing
from nnkit.engine.variable import Variable
from nnkit.layers.base import Layer
from nnkit.metrics import Metric
from nnkit.models.old_methods import OldMethods
from nnkit.nested import packed
from nnkit.networks import Network, Pending
from nnkit.spellings import NamedResults
from nnkit.training import inputs
from nnkit.training.aims import Aims
from nnkit.training.guard import Guard
from nnkit.training.loops import Batches, Logs, Run, evaluate, fit, predict
from nnkit.training.numerics import warn_of_nan
from nnkit.training.objective import Goal
from nnkit.training.ownership import adopt, own
from nnkit.training.predictor import Predictors
from nnkit.training.session import Session, claimed
from nnkit.training.sources import (
    first_rows,
    for_evaluation,
    for_prediction,
    for_training,
    for_validation,
    step_count,
)
from nnkit.training.trained import Trained
from nnkit.utils.random import next_seed

__all__ = ["Trainer"]

# Rows of a predict or evaluate step: enough for fast products, few enough to stay in cache.
_ROWS = 512

# Methods of Keras's models that a class of the user's may define, and that nothing here would call.
_NEVER_CALLED = (
    *("train_step", "test_step", "predict_step", "compute_loss", "compute_metrics"),
    *("make_train_function", "make_test_function", "make_predict_function"),
)

Results = Any  # A float, or a list of them if there are metrics, or a dictionary if asked for.


class Trainer(OldMethods, Layer, abstract=True):
    """The base of models: compile, fit, evaluate and predict for any network.

    Attributes
    ----------
    network : Network
        The layers and their connections.
    guard : Guard
        Decides which thread may use the model.
    compiled, run_eagerly : bool
    held : Session or None
        The session of the last training or evaluation; :meth:`session` has the current one.
    stop_training : bool
        Setting it ends ``fit`` after the current batch.
    trained : Trained
        Which weights it trains, since it was compiled.
    history : History or None
        The history of the last ``fit``.
    """

    def __init__(self, name: str | None = None) -> None:
        self.network: Network | Pending = Pending(lambda: self.layers)
        super().__init__(name=name)
        self.guard = Guard(self.turns)
        self.compiled = self.run_eagerly = self.stop_training = False
        self.history: History | None = None
        self._seed = 0
        self._drop_session()

    def _drop_session(self) -> None:
        """Drop memory and recordings, because layers, weights or their addresses changed."""
        self.held: Session | None = None
        network: Any = self.network  # Nothing is predicted before it is built.
        self.predictors = Predictors(network, self.guard)

    def session(self) -> Session:
        """Memory and recordings of training; made when first needed."""
        with self.turns.alone():
            network, before = self.built_network(), self.held
            if before is None or before.network is not network:
                session = Session(
                    network, self.optimizer, self.aims, self.turns.python, self.trained
                )
                if before is not None:
                    session.take_over(before)
            else:
                session = before
            self.held = session.claimed(self.optimizer)
            self.held.eager = self.run_eagerly
            return self.held

    def built_network(self) -> Network:
        """The network, if the shapes of the inputs are known.

        Raises
        ------
        ValueError
        """
        if not isinstance(self.network, Network):
            raise ValueError(
                f"the model {self.name!r} has no weights yet: give it an Input, or call "
                "build(input_shape)"
            )
        return self.network

    def widened(self, shapes: Sequence[Any]) -> bool:
        """Build anew for inputs of other sizes, if that is possible; see the models."""
        return False

    def goals(self) -> list[Goal]:
        """What each output is compared with."""
        held = self.held
        if held is None or held.network is not self.network:
            held = self.session()
        return held.objective.goals

    @property
    def trained_weights(self) -> list[Variable]:
        """The weights that it trains: those that were trainable when it was compiled."""
        return list(self.session().storage.trainable_variables)

    # -------------------------------------------------------------------------------- learning

    @explain_arguments
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Configure the training; the optimizer starts from its first step.

        Layers with ``trainable = False`` are not trained until the next ``compile``, whatever
        becomes of ``trainable``; the others are. ``BatchNormalization`` follows that, too.

        Parameters
        ----------
        optimizer : str or Optimizer
            One that another model uses is copied, and a warning says so.
        loss : str or Loss, or a list or dictionary of them, optional
            One for all outputs, or one for each: a list in the order of the outputs, or a
            dictionary by their names; None for an output without a loss. Without any, layers must
            add one (``add_loss``, penalties).
        loss_weights : list or dict of float, optional
            Factors of the outputs' losses in the loss that is made small.
        metrics : list of str or Metric, or lists of them or a dictionary, optional
            A list for a model with one output; otherwise a list or a dictionary with a list for
            each output. A plain list that has not as many entries as there are outputs is for
            each of them, as in Keras 2.
        weighted_metrics : list or dict, optional
            The same, of metrics in which samples' weights count.
        run_eagerly : bool
            Whether to run the layers' Python code for every batch: slow, but good for debugging.
        steps_per_execution, jit_compile, auto_scale_loss
            Accepted for Keras's sake; a step is always compiled, many run at once, and the loss
            needs no scale in float32 and float64.

        Raises
        ------
        TypeError
            The model's class defines a method of Keras's that nnkit never calls, such as
            ``train_step``: it would be trained otherwise than it says.
        ValueError
            A name is unknown; the text suggests the nearest known one.
        """
        # All is checked before any is set.
        self._refuse_steps()
        found = optimizers.get(optimizer)
        aims = Aims(loss, loss_weights, metrics, weighted_metrics, partial(own, self))
        if isinstance(self.network, Network):
            aims.goals(self.network)
        run_eagerly = flag("compile", "run_eagerly", run_eagerly)
        with self.guard.changing("compile"):
            self.optimizer, self.aims = adopt(self, found), aims
            self.loss, self.metrics_given = aims.loss, aims.metrics
            self.trained = Trained(self)
            self.run_eagerly, self._seed, self.compiled = run_eagerly, next_seed(), True
            self._drop_session()

    def _refuse_steps(self) -> None:
        """Refuse a class that would train in a way of its own."""
        for name in _NEVER_CALLED:
            if hasattr(type(self), name):
                raise TypeError(
                    f"{type(self).__name__} defines {name}, which nnkit never calls: a step is "
                    "made of call, the losses and the optimizer. Say the loss by compile(loss=...) "
                    "or add_loss in call, or write the loop with train_on_batch"
                )

    def _require_compiled(self, method: str) -> None:
        if not self.compiled:
            raise RuntimeError(
                f"the model is not compiled: call compile(optimizer=..., loss=...) before {method}"
            )

    @explain_arguments
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Callback | Sequence[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1,
        *,
        check_numerics: bool = False,
    ) -> History:
        """Train for a number of epochs; arguments and defaults are those of Keras.

        Parameters
        ----------
        x : array, or a list or dictionary of arrays
            (n, ...), numbers of any type: an array, a list of numbers, or a DataFrame. It is read
            in place: uint8 images stay uint8. A last axis of size 1 may be missing or superfluous.
            A model with several inputs takes a list, or a dictionary by the inputs' names.
            Or something that gives batches: a generator, a :class:`nnkit.utils.PyDataset`, a torch
            DataLoader, or another iterable. A batch is ``(x, y)``, ``(x, y, sample_weight)``, or
            ``x`` alone, each in the forms in which it may be given as a whole. One thread reads
            ahead, and errors name the epoch and the batch.
        y : array, or a list or dictionary of arrays
            (n, ...) targets, or (n,) labels for a sparse loss; for several outputs a list, or a
            dictionary by their names. None if x gives batches.
        batch_size : int
            32 by default, or that of a stateful model's Input; with ``steps_per_epoch`` as many
            rows as make so many batches. A smaller last batch is used, too. None if x gives
            batches.
        epochs : int
            Index of the epoch to stop before: the number of epochs if ``initial_epoch`` is 0.
        verbose : {"auto", 0, 1, 2}
            0: silent, 1: a bar, 2: a line an epoch; ``"auto"`` is 1 on a terminal, 2 elsewhere.
        callbacks : Callback or list of Callback
        validation_split : float
            The fraction of the data, the last samples before shuffling, for validation only.
        validation_data : tuple or iterable
            (x, y) or (x, y, sample_weight), or what gives batches, used for validation instead of
            ``validation_split``.
        shuffle : bool
            Whether to shuffle the samples in every epoch, by the model's seed and the epoch only;
            of a PyDataset the order of its batches. Generators and other iterables keep their
            order.
        class_weight : dict
            Weights of samples in the loss by class index; 1 for other classes.
        sample_weight : array, or a list or dictionary of arrays
            (n,) or (n, steps). The loss is sum(weight * loss) / count, as in Keras. For several
            outputs one for all, or a list or dictionary as for y.
        initial_epoch : int
            Index of the first epoch, to resume an earlier training.
        steps_per_epoch : int
            Batches of an epoch, by default one pass through the data. Each epoch goes on where
            the last one stopped. A pass ends with its last batch, so the last epoch in it may be
            shorter, with a warning. Training ends when a generator does. A generator without an
            end needs it.
        validation_steps : int
            Batches of a validation, by default all; the first ones, unless they come from a
            generator, which needs this argument and goes on.
        validation_batch_size : int
            By default ``batch_size``. None if ``validation_data`` gives batches.
        validation_freq : int or list of int
            The interval of validations in epochs, or the epochs (counted from 1) after which
            validations run.
        check_numerics : bool
            Whether to stop when the loss becomes NaN or infinite, with an error that names the
            epoch, the batch and the first layer whose output or gradient is not finite.

        Returns
        -------
        History
            ``history.history`` has a list with one value an epoch for each result.

        Raises
        ------
        RuntimeError
            The model is not compiled, or another thread is within ``fit``.
        TypeError, ValueError
            Data, shapes or arguments don't fit, or x, y or sample_weight has NaN or infinity;
            raised before any weight is changed, or when such a batch comes.
        Exception
            What a generator raises, with a note of the epoch and the batch.
        FloatingPointError
            With ``check_numerics``, the loss became NaN or infinite.
        """
        with self.guard.fitting():
            self._require_compiled("fit")
            end = integer("fit", "epochs", epochs, 0)
            first = integer("fit", "initial_epoch", initial_epoch, 0)
            steps = step_count("fit", "steps_per_epoch", steps_per_epoch)
            validation_steps = step_count("fit", "validation_steps", validation_steps)
            sized = "fit", "validation_batch_size", validation_batch_size
            inputs.batch_size(self.network, *sized, 32)
            seed = self._seed if flag("fit", "shuffle", shuffle) else None
            part = number("fit", "validation_split", validation_split, "[0, 1)")
            part = part if validation_data is None else 0.0
            validates = _frequency(validation_freq)
            check_numerics = flag("fit", "check_numerics", check_numerics)
            train, held_out = for_training(
                self, x, y, sample_weight, class_weight, batch_size, steps, seed, part
            )
            with ExitStack() as sources:
                sources.enter_context(train)
                if not isinstance(self.network, Network) and first < end:
                    train.peek(first)
                validation = None
                if held_out is not None or validation_data is not None:
                    given = validation_data if held_out is None else held_out
                    sizes = validation_batch_size, batch_size
                    validation = for_validation(
                        self, given, *sizes, validation_steps, train.doubted
                    )
                    sources.enter_context(validation)
                self.session()
                self._require_loss(train)
                params = _params(verbose, train) | {
                    "epochs": end,
                    "do_validation": validation is not None,
                }
                listeners = CallbackList(callbacks, True, True, self, **params)
                history = self.history = listeners.history
                self.stop_training = False
                run = Run(train, listeners, check_numerics)
                measured = None if validation is None else Run(validation, listeners)
                with listeners:
                    fit(self, run, range(first, end), measured, validates)
                return history

    def _require_loss(self, source: Source) -> None:
        if any(goal.loss is not None for goal in self.goals()):
            return
        session = self.session()
        if session.objective.regularized:
            return
        uses = session.graph(source.shapes or session.network.input_shapes, training=True).uses
        if not any(use.part.adds_loss for use in uses):
            raise ValueError(
                "there is nothing to learn: compile needs a loss, for example loss='mse' or "
                "'sparse_categorical_crossentropy', or a layer that adds one (add_loss)"
            )

    @overload
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Callback | Sequence[Callback] | None = None,
        *,
        return_dict: Literal[True],
    ) -> Logs: ...

    @overload
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Callback | Sequence[Callback] | None = None,
        return_dict: bool = False,
    ) -> Results: ...

    @explain_arguments
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Callback | Sequence[Callback] | None = None,
        return_dict: bool = False,
    ) -> Results:
        """Compute the loss and metrics for data.

        Parameters
        ----------
        x, y : array
            As for :meth:`fit`: x may also give batches.
        batch_size : int
            Rows of a batch. It changes the result only by rounding, unless the loss is the sum
            over a batch; then the default is 32, as in Keras. None if x gives batches.
        verbose : {"auto", 0, 1, 2}
        sample_weight : array
            As for :meth:`fit`.
        steps : int
            Measure no more than the first batches. A generator without an end needs it.
        callbacks : Callback or list of Callback
        return_dict : bool

        Returns
        -------
        float, list or dict
            The loss; with metrics a list in the order of ``metrics_names``; or a dictionary.
        """
        self._require_compiled("evaluate")
        steps = step_count("evaluate", "steps", steps)
        with for_evaluation(self, x, y, sample_weight, batch_size, steps) as source:
            if not isinstance(self.network, Network):
                source.peek(0)
            params = _params(verbose, source)
            with CallbackList(callbacks, False, True, self, **params) as listeners:
                logs = evaluate(self, Run(source, listeners), "evaluate", listeners.on_progress)
        return _results(logs, return_dict)

    @explain_arguments
    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = 0,
        steps: int | None = None,
        callbacks: Callback | Sequence[Callback] | None = None,
        *,
        to_host: bool = True,
    ) -> Any:
        """Compute the model's output. Several threads may call this at once.

        Parameters
        ----------
        x : array
            (n, ...), as for :meth:`fit`; n may be 0. If NaN or infinity in x reaches the result,
            there is one RuntimeWarning. Or what gives batches; if they have targets, those are
            left alone.
        batch_size : int
            Rows of a batch; by default that of a stateful model's Input, or 512. None if x gives
            batches.
        verbose : {0, 1, 2, "auto"}
            As for :meth:`fit`; silent by default, because a prediction is often one of many.
        steps : int
            Predict no more than the first batches. A generator without an end needs it.
        callbacks : Callback or list of Callback
        to_host : bool
            False leaves the result on the GPU, where CuPy, torch and JAX take it without a copy.
            The result for batches is always on the host.

        Returns
        -------
        numpy.ndarray, or nested lists and dictionaries of them
            (n, ...) of the model's data type, in the form of the model's outputs; with
            ``to_host=False`` on a GPU something that has ``__cuda_array_interface__``, and
            ``numpy()`` for a copy.
        """
        steps = step_count("predict", "steps", steps)
        if gives_batches(x):
            return self._predict_batches(x, batch_size, verbose, steps, callbacks, to_host)
        size = inputs.batch_size(self.network, "predict", "batch_size", batch_size, _ROWS)
        samples = inputs.checked(self, inputs.samples(self.network, x), x)
        network = self.built_network()
        if steps is not None:
            size, data = first_rows(Arrays(samples), network.fixed_batch_size or batch_size, steps)
            samples = list(data.x)
        if network.fixed_batch_size:
            inputs.check_whole_batches(network, samples[0], "x")
        given = samples, size, to_host, self.run_eagerly
        if not (verbose or callbacks):
            outs = self.predictors.predict(*given)
        else:
            counts = {"steps": -(-len(samples[0]) // size), "samples": len(samples[0])}
            params = {"verbose": verbose} | counts
            with CallbackList(callbacks, False, True, self, **params) as listeners:
                listeners.on_predict_begin()
                outs = self.predictors.predict(*given, listeners)
                listeners.on_predict_end()
        if to_host and not all(map(seems_finite, outs)):  # They are smaller than x.
            warn_of_nan(samples, self.dtype)
        return outs[0] if network.gives_one else packed(network.output_form, outs)

    def _predict_batches(
        self,
        x: Any,
        batch_size: int | None,
        verbose: int | str,
        steps: int | None,
        callbacks: Callback | Sequence[Callback] | None,
        to_host: bool,
    ) -> Any:
        with for_prediction(self, x, batch_size, steps, to_host) as feed:
            if not isinstance(self.network, Network):
                feed.peek(0)
            network, params = self.built_network(), _params(verbose, feed)
            with CallbackList(callbacks, False, True, self, **params) as listeners:
                listeners.on_predict_begin()
                outs = predict(self, feed, listeners if verbose or callbacks else None)
                listeners.on_predict_end()
        return outs[0] if network.gives_one else packed(network.output_form, outs)

    @explain_arguments
    def predict_on_batch(self, x: Any) -> Any:
        """Compute the model's output for one batch."""
        rows = len(inputs.samples(self.network, x)[0])
        return self.predict(x, batch_size=max(rows, 1))

    @explain_arguments
    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
    ) -> Results:
        """Do one step on one batch.

        Returns
        -------
        float, list or dict
            Loss and metrics of the batch, computed before the update.
        """
        self._require_compiled("train_on_batch")
        with self.turns.alone(writes=True):
            data = inputs.arrays(self, x, y, sample_weight, class_weight)
            inputs.warn_of_doubts(self.built_network(), self.goals(), data)
            n = len(data)
            source = ArraySource(data, n, training=True)
            self._require_loss(source)
            run = Run(source)
            run.block = Block(data, data.bound() | {"order": np.arange(n)}, n, 0, 1)
            self.trained.say_changes(self.name)
            logs = claimed(self).train(run, Batches(0, n, 1, 0))
        return _results(logs, return_dict)

    @explain_arguments
    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Results:
        """Compute loss and metrics for one batch."""
        rows = len(inputs.samples(self.network, x)[0])
        return self.evaluate(
            x, y, max(rows, 1), 0, sample_weight=sample_weight, return_dict=return_dict
        )

    @property
    def metric_directions(self) -> dict[str, str | None]:
        """For each result, whether smaller (``"min"``) or larger (``"max"``) is better, or None."""
        self._require_compiled("metric_directions")
        if not isinstance(
            self.network, Network
        ):  # Until then, "accuracy" may mean one of three metrics.
            return NamedResults(loss="min")
        objective = self.session().objective
        known = [metric.direction for metric in objective.metrics]
        losses: list[str | None] = ["min"] * (len(objective.names) - len(known))
        return NamedResults(zip(objective.names, [*losses, *known], strict=True))

    @property
    def metrics(self) -> list[Metric]:
        """The metrics that ``compile`` was given, output by output; none before it is built."""
        if not (self.compiled and isinstance(self.network, Network)):
            return []
        return self.session().objective.metrics

    def reset_metrics(self) -> None:
        """Nothing: a batch's results are its own, and ``fit`` and ``evaluate`` begin anew."""

    @property
    def metrics_names(self) -> list[str]:
        """Names of what ``evaluate`` returns, in its order."""
        return list(self.metric_directions)

    def reset_states(self) -> None:
        """Let layers that remember the batch before (``stateful=True``) begin anew."""
        with self.turns.alone(writes=True):
            for state in self.network.states():
                writing(state).fill(0)


def _params(verbose: int | str, source: Source) -> dict[str, Any]:
    return {"verbose": verbose, "steps": source.steps, "samples": source.samples}


def _results(logs: Logs, return_dict: bool) -> Results:
    """Results as Keras returns them: one number, or a list of them, or a dictionary."""
    if return_dict:
        return logs
    values = list(logs.values())
    return values if len(values) > 1 else values[0]


def _frequency(given: Any) -> Callable[[int], bool]:
    """Whether to validate after an epoch, counted from 1."""
    if isinstance(given, (list, tuple, set, range)):
        epochs = {integer("fit", "validation_freq", epoch) for epoch in given}
        return lambda epoch: epoch in epochs
    every = integer("fit", "validation_freq", given)
    return lambda epoch: epoch % every == 0
