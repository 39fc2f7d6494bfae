"""Callback: the base class of callbacks, with all hooks."""

from __future__ import annotations

from typing import Any

from nnkit.arguments import explain_arguments

__all__ = ["Callback", "Logs", "say"]

Logs = dict[str, float]


class Callback:
    """Called at certain times in ``fit``, ``evaluate`` and ``predict``; override hooks as needed.

    ``fit`` runs hundreds of batches without returning to Python. Only if a callback overrides a
    hook for batches, it returns after every batch, which is slower. ``on_progress`` costs nothing
    and is often enough.

    Attributes
    ----------
    model : Sequential
        The model that runs. ``self.model.stop_training = True`` ends ``fit``.
    params : dict
        ``verbose``, ``epochs``, ``steps`` (batches an epoch) and ``samples``, as far as they apply.

    Notes
    -----
    ``logs`` contains the loss and the metrics since the epoch's beginning, as means over samples;
    in ``on_epoch_end`` also ``val_loss`` and so on. Entries that a callback adds in
    ``on_epoch_end`` become part of the history.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> class Announce(nnkit.callbacks.Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print("epoch", epoch, "done:", list(logs))
    >>> model = nnkit.Sequential([nnkit.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> _ = model.fit(np.ones((4, 2)), np.ones(4), verbose=0, callbacks=[Announce()])
    epoch 0 done: ['loss']
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__init__" in vars(cls):
            cls.__init__ = explain_arguments(cls.__init__)  # type: ignore[method-assign]

    def __init__(self) -> None:
        self.model: Any = None
        self.params: dict[str, Any] = {}

    def set_model(self, model: Any) -> None:
        """Called first, with the model that runs."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Called first, with the attribute ``params``."""
        self.params = params

    # ------------------------------------------------------------------------------------ fit

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """``fit`` begins."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """``fit`` ends, possibly by Ctrl-C or an error."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """An epoch begins; epochs are counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """An epoch and its validation are done."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """A training batch begins; batches are counted from 0."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """A training batch is done."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Alias of ``on_train_batch_begin``."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Alias of ``on_train_batch_end``."""

    def on_progress(self, step: int, logs: Logs | None = None) -> None:
        """Called a few times a second: ``step`` batches of the epoch are done. Not in Keras."""

    def on_exit(self, logs: Logs | None = None) -> None:
        """``fit``, ``evaluate`` or ``predict`` is over, possibly by Ctrl-C or an error.

        The last hook, for what must not be left behind. Not in Keras.
        """

    # ------------------------------------------------------------------- evaluate and predict

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """``evaluate``, or the validation within ``fit``, begins."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """``evaluate``, or the validation within ``fit``, ends."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of ``evaluate`` or of the validation begins."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of ``evaluate`` or of the validation is done."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """``predict`` begins."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """``predict`` ends."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of ``predict`` begins."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of ``predict`` is done."""


def say(line: str) -> None:
    """Print a line, above the progress bar if there is one."""
    from tqdm import tqdm

    tqdm.write(line)
