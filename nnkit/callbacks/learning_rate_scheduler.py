"""LearningRateScheduler."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from nnkit import checks
from nnkit.callbacks.callback import Callback, Logs, say

__all__ = ["LearningRateScheduler"]


class LearningRateScheduler(Callback):
    """Set the learning rate before every epoch, and record it as ``learning_rate``.

    Parameters
    ----------
    schedule : callable
        ``schedule(epoch)`` or ``schedule(epoch, learning_rate)`` returns the new rate; epochs are
        counted from 0. A second parameter receives the rate whatever its name, even if it has a
        default.
    verbose : {0, 1}
        1 prints each epoch's rate.

    Raises
    ------
    TypeError
        ``schedule`` is not a function of one or two arguments, or doesn't return a number; or the
        optimizer's learning rate follows a schedule of its own.

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

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        self.takes_rate = _takes_rate(schedule)
        self.schedule = schedule
        self.verbose = verbose

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Refuse an optimizer whose learning rate follows a schedule."""
        refuse_schedule(self)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Set the learning rate."""
        before = [float(self.model.optimizer.learning_rate)] if self.takes_rate else []
        rate = self.schedule(epoch, *before)
        rate = checks.number("LearningRateScheduler", "what schedule returns", rate, "[0, inf)")
        self.model.optimizer.learning_rate = rate
        if self.verbose:
            say(f"Epoch {epoch + 1}: the learning rate is {rate:g}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Add the learning rate to the logs."""
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


def refuse_schedule(callback: Callback) -> None:
    """Raise an error if a callback can't set the learning rate, because it follows a schedule.

    Raises
    ------
    TypeError
    """
    optimizer, name = callback.model.optimizer, type(callback).__name__
    schedule = getattr(optimizer, "schedule", None)
    if schedule is not None:
        raise TypeError(
            f"{name} sets the learning rate, which follows {type(schedule).__name__} in this "
            f"{type(optimizer).__name__}: leave out the callback, or compile with a number for "
            "learning_rate"
        )


def _takes_rate(schedule: Callable[..., float]) -> bool:
    """Whether a schedule takes the epoch and the rate, or the epoch alone."""
    wrong = "LearningRateScheduler: schedule must be a function of the epoch, or of it and the rate"
    if not callable(schedule):
        raise TypeError(f"{wrong}; got {schedule!r}")
    try:
        signature = inspect.signature(schedule)
    except ValueError:  # Compiled functions without a signature, such as list.__getitem__.
        return False
    for arguments in ((0, 0.1), (0,)):
        try:
            signature.bind(*arguments)
        except TypeError:
            continue
        return len(arguments) == 2
    raise TypeError(f"{wrong}; this one takes {signature}")
