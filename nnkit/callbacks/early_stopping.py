"""EarlyStopping."""

from __future__ import annotations

from typing import Any

from nnkit import checks
from nnkit.callbacks.callback import Logs, say
from nnkit.callbacks.monitor import MonitorCallback, limit

__all__ = ["EarlyStopping"]


class EarlyStopping(MonitorCallback):
    """End ``fit`` when a monitored result has stopped improving.

    Parameters
    ----------
    monitor : str
        The result to monitor: ``"val_loss"``, ``"val_accuracy"``, ``"loss"``...
    min_delta : float
        Smaller changes don't count as an improvement.
    patience : int
        Epochs without improvement after which training stops.
    verbose : {0, 1}
        1 prints a line when this happens.
    mode : {"auto", "min", "max"}
        Whether smaller or larger is better; ``"auto"`` uses the metric's ``direction``.
    baseline : float, optional
        Epochs whose result isn't better than this count as no improvement.
    restore_best_weights : bool
        Whether to restore the best epoch's weights at the end of ``fit``, stopped early or not.
    start_from_epoch : int
        Epochs before this one, counted from 0, are ignored.

    Attributes
    ----------
    stopped_epoch : int
        The epoch after which training was stopped, counted from 0; 0 if it was not stopped.
    best_epoch : int
    best : float or None

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, before the first batch, ``mode="auto"`` finds no
        result named ``monitor``, or the metric has no ``direction``.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> model = nnkit.Sequential([nnkit.layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile(nnkit.optimizers.SGD(0.0), "mse")
    >>> stop = nnkit.callbacks.EarlyStopping(monitor="loss", patience=2)
    >>> history = model.fit(np.ones((4, 2)), np.ones(4), epochs=9, verbose=0, callbacks=[stop])
    >>> history.epoch
    [0, 1, 2]
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = checks.integer("EarlyStopping", "patience", patience, low=0)
        self.verbose = verbose
        self.baseline = limit("EarlyStopping", "baseline", baseline)
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = checks.integer(
            "EarlyStopping", "start_from_epoch", start_from_epoch, low=0
        )
        self._reset()

    def _reset(self) -> None:
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best: float | None = None
        self.best_weights: list[Any] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Reset the state of an earlier ``fit``."""
        super().on_train_begin(logs)
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare the result with the best one, and stop if patience has run out."""
        value = self.monitored(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self.improves(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.improves(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Restore the best weights with ``restore_best_weights``."""
        if self.verbose and self.stopped_epoch:
            say(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose:
                say(f"Restoring the weights of the best epoch: {self.best_epoch + 1}")
            self.model.set_weights(self.best_weights)
