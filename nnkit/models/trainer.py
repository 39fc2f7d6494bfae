"""What a model does with data: compile, fit, evaluate, predict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, overload

import numpy as np

from nnkit import losses, optimizers
from nnkit.arguments import explain_arguments
from nnkit.callbacks import Callback, CallbackList, History, ProgressBar
from nnkit.checks import flag, integer, number
from nnkit.data import seems_finite, split
from nnkit.engine.mirrors import writing
from nnkit.layers.base import Layer
from nnkit.networks import Network
from nnkit.training import inputs
from nnkit.training.guard import Guard
from nnkit.training.loops import Batches, Logs, Orders, Run, evaluate, fit
from nnkit.training.numerics import warn_of_nan
from nnkit.training.ownership import adopt, check_metrics, own
from nnkit.training.predictor import Predictors
from nnkit.training.session import Session
from nnkit.utils.random import next_seed

__all__ = ["Trainer"]

# Rows of a predict or evaluate step: enough for fast products, few enough to stay in cache.
_ROWS = 512

Results = Any  # A float, or a list of them if there are metrics, or a dictionary if asked for.


class Trainer(Layer, abstract=True):
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
    history : History or None
        The history of the last ``fit``.
    """

    def __init__(self, name: str | None = None) -> None:
        self.network = Network()
        super().__init__(name=name)
        self.guard = Guard(self.turns)
        self.compiled = self.run_eagerly = self.stop_training = False
        self.history: History | None = None
        self._seed = 0
        self._drop_session()

    def _drop_session(self) -> None:
        """Drop memory and recordings, because layers, weights or their addresses changed."""
        self.held: Session | None = None
        self._predictors = Predictors(self.network, self.guard)

    def session(self) -> Session:
        """Memory and recordings of training; made when first needed."""
        with self.turns.alone():
            if self.held is None:
                given = self.optimizer, self.loss, self.metrics_given
                self.held = Session(self.network, *given, self.turns.python)
            self.held = self.held.claimed(self.optimizer)
            self.held.eager = self.run_eagerly
            return self.held

    # -------------------------------------------------------------------------------- learning

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
        """Configure the training; the optimizer starts from its first step.

        Parameters
        ----------
        optimizer : str or Optimizer
        loss : str or Loss
        metrics : list of str or Metric, optional
        run_eagerly : bool
            Whether to run the layers' Python code for every batch: slow, but good for debugging.
        steps_per_execution, jit_compile
            Accepted for Keras's sake; a step is always compiled, and many run at once.

        Raises
        ------
        ValueError
            A name is unknown; the text suggests the nearest known one.
        """
        if loss is None:
            raise ValueError(
                "compile needs a loss, for example loss='mse' or 'sparse_categorical_crossentropy'"
            )
        # All is checked before any is set.
        found, objective = optimizers.get(optimizer), losses.get(loss)
        check_metrics(metrics or [])
        run_eagerly = flag("compile", "run_eagerly", run_eagerly)
        with self.guard.changing("compile"):
            self.optimizer, self.loss = adopt(self, found), own(self, objective)
            self.metrics_given = [own(self, metric) for metric in metrics or []]
            self.run_eagerly, self._seed, self.compiled = run_eagerly, next_seed(), True
            self._drop_session()

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
        validation_data: tuple[Any, ...] | None = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        *,
        validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1,
        check_numerics: bool = False,
    ) -> History:
        """Train for a number of epochs; arguments and defaults are those of Keras.

        Parameters
        ----------
        x : array
            (n, ...), numbers of any type: an array, a list of numbers, or a DataFrame. It is read
            in place: uint8 images stay uint8. A last axis of size 1 may be missing or superfluous.
        y : array
            (n, ...) targets, or (n,) labels for a sparse loss.
        batch_size : int
            32 by default, or that of a stateful model's Input. A smaller last batch is used, too.
        epochs : int
            Index of the epoch to stop before: the number of epochs if ``initial_epoch`` is 0.
        verbose : {"auto", 0, 1, 2}
            0: silent, 1: a bar, 2: a line an epoch; ``"auto"`` is 1 on a terminal, 2 elsewhere.
        callbacks : Callback or list of Callback
        validation_split : float
            The fraction of the data, the last samples before shuffling, for validation only.
        validation_data : tuple
            (x, y) or (x, y, sample_weight), used for validation instead of ``validation_split``.
        shuffle : bool
            Whether to shuffle the samples in every epoch, by the model's seed and the epoch only.
        class_weight : dict
            Weights of samples in the loss by class index; 1 for other classes.
        sample_weight : array
            (n,) or (n, steps). The loss is sum(weight * loss) / count, as in Keras.
        initial_epoch : int
            Index of the first epoch, to resume an earlier training.
        validation_batch_size : int
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
            raised before any weight is changed.
        FloatingPointError
            With ``check_numerics``, the loss became NaN or infinite.
        """
        with self.guard.fitting():
            self._require_compiled("fit")
            network = self.network
            size = inputs.batch_size(network, "fit", "batch_size", batch_size, 32)
            validation_size = inputs.batch_size(
                network, "fit", "validation_batch_size", validation_batch_size, size
            )
            end = integer("fit", "epochs", epochs, 0)
            first = integer("fit", "initial_epoch", initial_epoch, 0)
            shuffle = flag("fit", "shuffle", shuffle)
            validation_split = number("fit", "validation_split", validation_split, "[0, 1)")
            validates = _frequency(validation_freq)
            check_numerics = flag("fit", "check_numerics", check_numerics)
            data = inputs.arrays(self, x, y, sample_weight, class_weight)
            held_out = None
            if validation_data is not None:
                held_out = inputs.validation_arrays(self, validation_data)
            inputs.warn_of_doubts(network, self.loss, data, held_out)
            if held_out is None and validation_split:
                data, held_out = split(data, validation_split)
            inputs.check_whole_batches(network, data, "x")
            if held_out is not None:
                inputs.check_whole_batches(network, held_out, "the validation data")

            self.session()
            params = _params(verbose, size, data) | {
                "epochs": end,
                "do_validation": held_out is not None,
            }
            history, bar = History(), ProgressBar(verbose)
            listeners = CallbackList([history, bar, callbacks], self, params)
            self.history, self.stop_training = history, False
            run = Run(data, size, listeners, check_numerics=check_numerics)
            validation = None if held_out is None else Run(held_out, validation_size, listeners)
            orders = Orders(self._seed, len(data), shuffle)
            fit(self, run, range(first, end), orders, validation, validates)
            return history

    @overload
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        *,
        callbacks: Callback | Sequence[Callback] | None = None,
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
        *,
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
        *,
        callbacks: Callback | Sequence[Callback] | None = None,
        return_dict: bool = False,
    ) -> Results:
        """Compute the loss and metrics for data.

        Parameters
        ----------
        x, y : array
            As for :meth:`fit`.
        batch_size : int
            Rows of a batch. It changes the result only by rounding, unless the loss is the sum
            over a batch; then the default is 32, as in Keras.
        verbose : {"auto", 0, 1, 2}
        sample_weight : array
            As for :meth:`fit`.
        callbacks : Callback or list of Callback
        return_dict : bool

        Returns
        -------
        float, list or dict
            The loss; with metrics a list in the order of ``metrics_names``; or a dictionary.
        """
        self._require_compiled("evaluate")
        usual = 32 if self.loss.reduction == "sum" else _ROWS
        size = inputs.batch_size(self.network, "evaluate", "batch_size", batch_size, usual)
        data = inputs.arrays(self, x, y, sample_weight)
        inputs.check_whole_batches(self.network, data, "x")
        bar = ProgressBar(verbose)
        listeners = CallbackList([bar, callbacks], self, _params(verbose, size, data))
        try:
            logs = evaluate(self, Run(data, size, listeners), "evaluate", listeners.on_progress)
        finally:
            bar.close()
        return _results(logs, return_dict)

    @explain_arguments
    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = 0,
        *,
        callbacks: Callback | Sequence[Callback] | None = None,
        to_host: bool = True,
    ) -> np.ndarray:
        """Compute the model's output. Several threads may call this at once.

        Parameters
        ----------
        x : array
            (n, ...), as for :meth:`fit`; n may be 0. If NaN or infinity in x reaches the result,
            there is one RuntimeWarning.
        batch_size : int
            Rows of a batch; by default that of a stateful model's Input, or 512.
        verbose : {0, 1, 2, "auto"}
            As for :meth:`fit`; silent by default, because a prediction is often one of many.
        callbacks : Callback or list of Callback
        to_host : bool
            False leaves the result on the GPU, where CuPy, torch and JAX take it without a copy.

        Returns
        -------
        numpy.ndarray
            (n, ...) of the model's data type; with ``to_host=False`` on a GPU something that has
            ``__cuda_array_interface__``, and ``numpy()`` for a copy.
        """
        size = inputs.batch_size(self.network, "predict", "batch_size", batch_size, _ROWS)
        x = inputs.checked(self, inputs.samples(self.network, x))
        if self.network.fixed_batch_size:
            inputs.check_whole_batches(self.network, x, "x")
        given = x, size, to_host, self.run_eagerly
        if not (verbose or callbacks):
            out = self._predictors.predict(*given)
        else:
            bar = ProgressBar(verbose)
            listeners = CallbackList([bar, callbacks], self, _params(verbose, size, x))
            try:
                listeners.on_predict_begin()
                out = self._predictors.predict(*given, listeners)
                listeners.on_predict_end()
            finally:
                bar.close()
        if to_host and not seems_finite(out):  # It is smaller than x, and NaN goes through layers.
            warn_of_nan(x, self.dtype)
        return out

    def predict_on_batch(self, x: Any) -> np.ndarray:
        """Compute the model's output for one batch."""
        x = inputs.samples(self.network, x)
        return self.predict(x, batch_size=max(len(x), 1))

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
            inputs.warn_of_doubts(self.network, self.loss, data)
            n = len(data)
            run = Run(data, n)
            run.bound["order"] = np.arange(n)
            logs = self.session().train(run, Batches(0, n, 1))
        return _results(logs, return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Results:
        """Compute loss and metrics for one batch."""
        x = inputs.samples(self.network, x)
        return self.evaluate(
            x, y, max(len(x), 1), 0, sample_weight=sample_weight, return_dict=return_dict
        )

    @property
    def metric_directions(self) -> dict[str, str | None]:
        """For each result, whether smaller (``"min"``) or larger (``"max"``) is better, or None."""
        self._require_compiled("metric_directions")
        directions: dict[str, str | None] = {"loss": "min"}
        if self.input_shape is not None:  # Until then, "accuracy" may mean one of three metrics.
            found = self.session().objective.metrics
            directions |= {metric.name: metric.direction for metric in found}
        return directions

    @property
    def metrics_names(self) -> list[str]:
        """Names of what ``evaluate`` returns, in its order."""
        return list(self.metric_directions)

    def reset_states(self) -> None:
        """Let layers that remember the batch before (``stateful=True``) begin anew."""
        with self.turns.alone(writes=True):
            for state in self.network.states():
                writing(state).fill(0)


def _params(verbose: int | str, size: int, data: Any) -> dict[str, Any]:
    return {"verbose": verbose, "steps": -(-len(data) // size), "samples": len(data)}


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
