"""LearningRateScheduler."""

from __future__ import annotations

from collections.abc import Callable

from nnkit import checks
from nnkit.callbacks.callback import Callback, Logs, say

__all__ = ["LearningRateScheduler"]


class LearningRateScheduler(Callback):
    """Sets the learning rate of every epoch; the history then has ``learning_rate``.

    Parameters
    ----------
    schedule : callable
        ``schedule(epoch, learning_rate)`` returns the new rate; epochs are counted from 0.
    verbose : {0, 1}
        1 says the rate of each epoch.

    Raises
    ------
    TypeError
        ``schedule`` is no function, or what it returns is no number.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> model = nnkit.Sequential([nnkit.layers.Dense(1)])
    >>> model.compile(nnkit.optimizers.SGD(0.5), "mse")
    >>> halve = nnkit.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    >>> history = model.fit(np.ones((4, 2)), np.ones(4), epochs=3, verbose=0, callbacks=[halve])
    >>> history.history["learning_rate"]
    [0.25, 0.125, 0.0625]
    """

    def __init__(self, schedule: Callable[[int, float], float], verbose: int = 0) -> None:
        super().__init__()
        if not callable(schedule):
            raise TypeError(
                "LearningRateScheduler: schedule must be a function of epoch and learning rate, "
                f"got {schedule!r}"
            )
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Set the rate."""
        rate = self.schedule(epoch, float(self.model.optimizer.learning_rate))
        rate = checks.number("LearningRateScheduler", "what schedule returns", rate, "[0, inf)")
        self.model.optimizer.learning_rate = rate
        if self.verbose:
            say(f"Epoch {epoch + 1}: the learning rate is {rate:g}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Put the rate into the history."""
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)
