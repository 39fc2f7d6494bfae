"""``compile``, ``fit``, ``evaluate``, ``predict``: the loops around a step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from typing import Any, Literal, TypeVar, cast, overload

import numpy as np

from nnkit.arguments import explain_arguments
from nnkit.callbacks import Callback, CallbackList, History, ProgressBar
from nnkit.checks import flag, integer, number
from nnkit.data import Arrays, seems_finite, split
from nnkit.engine.backend import placed
from nnkit.engine.step import Bound
from nnkit.engine.turns import leave
from nnkit.engine.variable import Storage
from nnkit.models.compiled import Compiled
from nnkit.models.numerics import explain, warn_of_nan
from nnkit.models.orders import Orders
from nnkit.models.pace import Pace
from nnkit.models.predictor import Predictor

__all__ = ["Trainer"]

# Rows of a predict or evaluate step: enough for fast products, few enough to stay in cache.
_ROWS = 512

Logs = dict[str, float]
Results = Any  # A float, or a list of them if there are metrics, or a dictionary if asked for.
Method = TypeVar("Method", bound=Callable[..., Any])


def _one_at_a_time(fit: Method) -> Method:
    """Refuse a second thread's ``fit``."""

    @wraps(fit)
    def method(self: Trainer, *arguments: Any, **named: Any) -> Any:
        with self._fitting():
            return fit(self, *arguments, **named)

    return cast(Method, method)


class Trainer(Compiled, abstract=True):
    """What a model does with data. :class:`nnkit.Sequential` says what a model is."""

    # ------------------------------------------------------------------------------------- fit

    @explain_arguments
    @_one_at_a_time
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
        """Train for some epochs; arguments and defaults are Keras's.

        Parameters
        ----------
        x : array
            (n, ...), numbers of any type. It is read in place: uint8 images stay uint8. Taken are
            arrays, lists of numbers, DataFrames; a last axis of size 1 may be missing or too many.
        y : array
            (n, ...) targets, or (n,) labels for a sparse loss.
        batch_size : int
            32 by default, or that of a stateful model's Input. A smaller last batch is used too.
        epochs : int
            Index of the epoch to stop before, so the number of epochs unless ``initial_epoch``.
        verbose : {"auto", 0, 1, 2}
            0 is silent, 1 a bar, 2 a line an epoch; ``"auto"`` is 1 on a terminal, 2 elsewhere.
        callbacks : Callback or list of Callback
        validation_split : float
            This last part of the data (before shuffling) is not trained on, but evaluated.
        validation_data : tuple
            (x, y) or (x, y, sample_weight), evaluated instead.
        shuffle : bool
            A new order in every epoch: a function of the model's seed and the epoch only.
        class_weight : dict
            Weight of each class's samples in the loss; a class not named counts 1.
        sample_weight : array
            (n,) or (n, steps). The loss is sum(weight * loss) / count, as in Keras.
        initial_epoch : int
            Where to go on after an earlier ``fit``.
        validation_batch_size : int
        validation_freq : int or list of int
            Every so many epochs, or after these epochs (counted from 1).
        check_numerics : bool
            When the loss becomes NaN or infinite, stop and name the epoch, the batch and the
            first layer whose output or gradient is not finite.

        Returns
        -------
        History
            ``history.history`` maps names to one value an epoch.

        Raises
        ------
        RuntimeError
            The model is not compiled, or another thread is within ``fit``.
        TypeError, ValueError
            Data, shapes or arguments that don't fit; raised before anything is changed. NaN and
            infinity in x, y or sample_weight are refused.
        FloatingPointError
            With ``check_numerics``.
        """
        self._require_compiled("fit")
        size = self._batch_size("fit", "batch_size", batch_size, 32)
        epochs = integer("fit", "epochs", epochs, 0)
        initial_epoch = integer("fit", "initial_epoch", initial_epoch, 0)
        shuffle = flag("fit", "shuffle", shuffle)
        validation_split = number("fit", "validation_split", validation_split, "[0, 1)")
        validates = _frequency(validation_freq)
        check_numerics = flag("fit", "check_numerics", check_numerics)
        validation_size = self._batch_size(
            "fit", "validation_batch_size", validation_batch_size, size
        )
        data = self._arrays(x, y, sample_weight, class_weight)
        held_out = None
        if validation_data is not None:
            if not isinstance(validation_data, (tuple, list)) or len(validation_data) not in (2, 3):
                raise ValueError("validation_data is (x, y) or (x, y, sample_weight)")
            try:
                held_out = self._arrays(*validation_data)
            except (TypeError, ValueError) as error:
                raise type(error)(f"validation_data: {error}") from error
        self._warn_of_doubts(data, held_out)
        if held_out is None and validation_split:
            data, held_out = split(data, validation_split)
        self._check_whole_batches(data, "x")
        if held_out is not None:
            self._check_whole_batches(held_out, "the validation data")

        self.session()
        history = History()
        listeners = CallbackList(
            [history, ProgressBar(verbose), callbacks],
            self,
            {
                "verbose": verbose,
                "epochs": epochs,
                "steps": -(-len(data) // size),
                "samples": len(data),
                "do_validation": held_out is not None,
            },
        )
        self.history, self.stop_training = history, False
        orders, pace = Orders(self._seed, len(data), shuffle), Pace()
        listeners.on_train_begin()
        try:
            with placed(data.bound()) as bound:
                for epoch in range(initial_epoch, epochs):
                    listeners.on_epoch_begin(epoch)
                    bound["order"] = orders.of(epoch)
                    ahead = partial(orders.prepare, epoch + 1)
                    logs = self._epoch(
                        data, bound, size, epoch, pace, listeners, check_numerics, ahead
                    )
                    if held_out is not None and validates(epoch + 1):
                        results = self._measure("fit", held_out, validation_size, listeners)
                        logs |= {f"val_{name}": value for name, value in results.items()}
                    listeners.on_epoch_end(epoch, logs)
                    if self.stop_training:
                        break
        finally:  # After Ctrl-C too: the model keeps what it learnt, and has its history.
            listeners.on_train_end()
        return history

    def _epoch(
        self,
        data: Arrays,
        bound: Bound,
        stride: int,
        epoch: int,
        pace: Pace,
        listeners: CallbackList,
        check_numerics: bool,
        meanwhile: Callable[[], None],
    ) -> Logs:
        sums = np.zeros_like(self.session().objective.sums)
        for first, size, steps in pace.chunks(len(data), stride, listeners.needs_train_batches):
            if listeners.needs_train_batches:
                listeners.on_train_batch_begin(first)
            with self.turns.alone(writes=True):
                session = self._claimed()  # Others may have used a model that shares a layer.
                objective = session.objective
                session.counters.batch[0] = first  # Or they may have used this one.
                objective.sums[...] = sums
                window = session.window(size, stride)
                step = session.train_step(data, window)
                with session.steps(steps):
                    if check_numerics:
                        explain(session, step, data, bound, steps, window, epoch)
                    else:
                        step.run(bound, steps, meanwhile)
                logs, sums = objective.logs(), objective.sums.copy()
            if listeners.needs_train_batches:
                listeners.on_train_batch_end(first, logs)
            listeners.on_progress(first + steps, logs)
            if self.stop_training:
                break
        return logs

    # -------------------------------------------------------------------- evaluate and predict

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
        """Loss and metrics on some data.

        Parameters
        ----------
        x, y : array
            As for :meth:`fit`.
        batch_size : int
            Rows at a time. The result depends on it by rounding only, unless the loss is the sum
            of a batch; then the default is 32, as in Keras.
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
        size = self._batch_size("evaluate", "batch_size", batch_size, usual)
        data = self._arrays(x, y, sample_weight)
        self._check_whole_batches(data, "x")
        params = {"verbose": verbose, "steps": -(-len(data) // size), "samples": len(data)}
        bar = ProgressBar(verbose)
        listeners = CallbackList([bar, callbacks], self, params)
        try:
            logs = self._measure("evaluate", data, size, listeners, listeners.on_progress)
        finally:
            bar.close()
        return _results(logs, return_dict)

    def _measure(
        self,
        method: str,
        data: Arrays,
        stride: int,
        listeners: CallbackList,
        report: Callable[[int, Logs], None] | None = None,
    ) -> Logs:
        listeners.on_test_begin()
        single = listeners.needs_test_batches
        with self._measuring(method) as token, placed(data.bound()) as bound:
            pause = self.pausing(token, listeners)
            sums = np.zeros_like(self.session().objective.sums)
            for first, size, steps in Pace().chunks(len(data), stride, single):
                if single:
                    with pause():
                        listeners.on_test_batch_begin(first)
                with self.turns.alone():
                    session = self._claimed()
                    objective = session.objective
                    session.counters.batch[0] = first  # Others may have used the model.
                    objective.sums[...] = sums
                    window = session.window(size, stride)
                    session.evaluate_step(data, window).run(bound, steps)
                    logs, sums = objective.logs(), objective.sums.copy()
                with pause():
                    if single:
                        listeners.on_test_batch_end(first, logs)
                    if report is not None:
                        report(first + steps, logs)
        listeners.on_test_end(logs)
        return logs

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
        """The model's output. Several threads may call it at once.

        Parameters
        ----------
        x : array
            (n, ...); n may be 0. As for :meth:`fit`. A RuntimeWarning says, once, if NaN or
            infinity in it has come through to the result.
        batch_size : int
            Rows at a time; by default that of a stateful model's Input, or 512.
        verbose : {0, 1, 2, "auto"}
            Silent by default: a prediction is often one of many.
        callbacks : Callback or list of Callback
        to_host : bool
            False leaves the result on the GPU, where CuPy, torch and JAX take it without a copy.

        Returns
        -------
        numpy.ndarray
            (n, ...) of the model's data type; with ``to_host=False`` on a GPU something that has
            ``__cuda_array_interface__``, and ``numpy()`` for a copy.
        """
        size = self._batch_size("predict", "batch_size", batch_size, _ROWS)
        x = self._checked(self._samples(x))
        if self.fixed_batch_size:
            self._check_whole_batches(x, "x")
        if verbose or callbacks:
            out = self._predict_watched(x, size, verbose, callbacks, to_host)
        else:
            out = self._predict(x, size, None, to_host)
        if to_host and not seems_finite(out):  # It is smaller than x, and NaN goes through layers.
            warn_of_nan(x, self.dtype)
        return out

    def _predict_watched(
        self, x: np.ndarray, size: int, verbose: int | str, callbacks: Any, to_host: bool
    ) -> np.ndarray:
        params = {"verbose": verbose, "steps": -(-len(x) // size), "samples": len(x)}
        bar = ProgressBar(verbose)
        listeners = CallbackList([bar, callbacks], self, params)
        try:
            listeners.on_predict_begin()
            out = self._predict(x, size, listeners, to_host)
            listeners.on_predict_end()
        finally:
            bar.close()
        return out

    def _predict(
        self, x: np.ndarray, size: int, listeners: CallbackList | None, to_host: bool
    ) -> np.ndarray:
        token = object()
        try:
            self.turns.read(token)
            moves = Storage.moves
            try:
                predictor = self._predictors.pop()
            except IndexError:  # The first prediction, or as many threads as there are predictors.
                predictor = Predictor(self, moves)
            if predictor.moves != moves:  # Recorded when some weights lay elsewhere.
                predictor = Predictor(self, moves)
            if predictor.stateful:
                leave(token, None)
                with self._measuring("predict"):
                    out = predictor.run(x, size, listeners, to_host, None)
            else:
                out = predictor.run(x, size, listeners, to_host, token)
            self._predictors.append(predictor)  # Unless Ctrl-C has left it half done.
            return out
        finally:
            leave(token, None)

    def predict_on_batch(self, x: Any) -> np.ndarray:
        """The model's output for one batch."""
        x = self._samples(x)
        return self.predict(x, batch_size=max(len(x), 1))

    # --------------------------------------------------------------------------- single batches

    @explain_arguments
    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
    ) -> Results:
        """One step on one batch.

        Returns
        -------
        float, list or dict
            Loss and metrics of this batch, computed before the update.
        """
        self._require_compiled("train_on_batch")
        with self.turns.alone(writes=True):
            data = self._arrays(x, y, sample_weight, class_weight)
            self._warn_of_doubts(data)
            session = self._claimed()
            session.objective.sums[...] = 0
            session.counters.batch[0] = 0
            bound = data.bound() | {"order": np.arange(len(data))}
            with session.steps(1):
                session.train_step(data, session.window(len(data), len(data))).run(bound)
            logs = session.objective.logs()
        return _results(logs, return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Results:
        """Loss and metrics of one batch."""
        x = self._samples(x)
        return self.evaluate(
            x, y, max(len(x), 1), 0, sample_weight=sample_weight, return_dict=return_dict
        )


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
