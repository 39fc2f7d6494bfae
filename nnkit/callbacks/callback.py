"""Callback: every moment of training that one can act at."""

from __future__ import annotations

from typing import Any

from nnkit.arguments import explain_arguments

__all__ = ["Callback", "Logs", "say"]

Logs = dict[str, float]


class Callback:
    """Acts at moments of ``fit``, ``evaluate`` and ``predict``; override the hooks you need.

    ``fit`` does hundreds of batches without Python. It stops after every batch only if a callback
    overrides a hook for batches; ``on_progress`` costs nothing and is often enough.

    Attributes
    ----------
    model : Sequential
        The model at work. ``self.model.stop_training = True`` ends ``fit``.
    params : dict
        ``verbose``, ``epochs``, ``steps`` (batches an epoch) and ``samples``, as far as they apply.

    Notes
    -----
    ``logs`` holds the loss and the metrics so far in the epoch, as means over samples; from
    ``on_epoch_end`` on also ``val_loss`` and so on. What a callback puts into it at
    ``on_epoch_end`` goes into the history.

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
        """Called first: the model at work."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Called first: how the model is run."""
        self.params = params

    # ------------------------------------------------------------------------------------ fit

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """``fit`` begins."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """``fit`` ends, also by Ctrl-C or an error."""

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
        """Another name of ``on_train_batch_begin``."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Another name of ``on_train_batch_end``."""

    def on_progress(self, step: int, logs: Logs | None = None) -> None:
        """A few times a second during an epoch: ``step`` batches of it are done. nnkit's own."""

    # ------------------------------------------------------------------- evaluate and predict

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """``evaluate``, or the validation within ``fit``, begins."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """It ends."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of it begins."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of it is done."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """``predict`` begins."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """``predict`` ends."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of ``predict`` begins."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of ``predict`` is done."""


def say(line: str) -> None:
    """Write a line for the user, above a progress bar if there is one."""
    from tqdm import tqdm

    tqdm.write(line)
