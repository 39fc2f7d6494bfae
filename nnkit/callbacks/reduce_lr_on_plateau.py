"""ReduceLROnPlateau."""

from __future__ import annotations

from nnkit import checks
from nnkit.callbacks.callback import Logs, say
from nnkit.callbacks.learning_rate_scheduler import refuse_schedule
from nnkit.callbacks.monitor import MonitorCallback

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau(MonitorCallback):
    """Lower the learning rate when a monitored result has stopped improving.

    Parameters
    ----------
    monitor : str
        The result to monitor.
    factor : float
        The factor by which the rate is multiplied, at least 0 and less than 1.
    patience : int
        Epochs without improvement after which the rate is lowered.
    verbose : {0, 1}
        1 prints a line when this happens.
    mode : {"auto", "min", "max"}
        Whether smaller or larger is better; ``"auto"`` uses the metric's ``direction``.
    min_delta : float
        Smaller changes don't count as an improvement.
    cooldown : int
        Epochs after a reduction that don't count towards ``patience``.
    min_lr : float
        Lower limit of the rate.

    Raises
    ------
    TypeError
        The optimizer's learning rate follows a schedule.
    ValueError
        ``factor`` is not less than 1, or there is no result named ``monitor``.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> model = nnkit.Sequential([nnkit.layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile(nnkit.optimizers.SGD(1e-9), "mse")
    >>> plateau = nnkit.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=2)
    >>> x, y = np.ones((4, 2)), np.ones(4)
    >>> model.fit(x, y, epochs=4, verbose=0, callbacks=[plateau]).history["learning_rate"]
    [1e-09, 1e-09, 1e-09, 5e-10]
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.factor = checks.number("ReduceLROnPlateau", "factor", factor, "[0, 1)")
        self.patience = checks.integer("ReduceLROnPlateau", "patience", patience, low=0)
        self.cooldown = checks.integer("ReduceLROnPlateau", "cooldown", cooldown, low=0)
        self.min_lr = checks.number("ReduceLROnPlateau", "min_lr", min_lr, "[0, inf)")
        self.verbose = verbose
        self._reset()

    def _reset(self) -> None:
        self.best: float | None = None
        self.wait = self.cooldown_counter = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Reset the state of an earlier ``fit``; refuse a learning rate that follows a schedule."""
        super().on_train_begin(logs)
        refuse_schedule(self)
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare the result with the best one, and lower the rate if patience has run out."""
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        value = self.monitored(logs)
        if value is None:
            return
        if self.cooldown_counter:
            self.cooldown_counter -= 1
            self.wait = 0
        if self.improves(value, self.best):
            self.best, self.wait = value, 0
        elif not self.cooldown_counter:
            self.wait += 1
            if self.wait >= self.patience:
                self._lower(epoch)

    def _lower(self, epoch: int) -> None:
        old = float(self.model.optimizer.learning_rate)
        new = max(old * self.factor, self.min_lr)
        if new < old:
            self.model.optimizer.learning_rate = new
            self.cooldown_counter, self.wait = self.cooldown, 0
            if self.verbose:
                say(f"Epoch {epoch + 1}: the learning rate is reduced to {new:g}")
