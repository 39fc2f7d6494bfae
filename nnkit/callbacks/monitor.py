"""MonitorCallback: the base class of callbacks that monitor one result."""

from __future__ import annotations

import math

import numpy as np

from nnkit import checks
from nnkit.arguments import did_you_mean
from nnkit.callbacks.callback import Callback, Logs
from nnkit.errors import warn

__all__ = ["MonitorCallback", "limit"]


class MonitorCallback(Callback):
    """Monitor one of the results of each epoch, and find out whether it improved.

    Parameters
    ----------
    monitor : str
        ``"loss"``, a metric's name, or one of these with the prefix ``"val_"``.
    mode : {"auto", "min", "max"}
        Whether smaller or larger is better; ``"auto"`` uses ``Metric.direction``.
    min_delta : float
        Smaller changes don't count as an improvement.

    Raises
    ------
    TypeError
        An argument has a wrong type.
    ValueError
        The mode is unknown; or, when training begins, ``"auto"`` finds no metric of that name, or
        the metric has no ``direction``.
    """

    def __init__(
        self, monitor: str = "val_loss", mode: str = "auto", min_delta: float = 0.0
    ) -> None:
        super().__init__()
        owner = type(self).__name__
        if not isinstance(monitor, str):
            raise TypeError(
                f"{owner}: monitor must be the name of a result, such as 'val_loss', got "
                f"{monitor!r}"
            )
        self.monitor = monitor
        self.mode = checks.one_of(owner, "mode", mode, ("auto", "min", "max"))
        self.min_delta = abs(checks.number(owner, "min_delta", min_delta))
        self._direction = mode
        self._warned = False

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Find the direction of the monitored result; raise errors before the first batch."""
        self._direction, self._warned = self.mode, False
        if self.mode == "auto":
            directions = self.model.metric_directions
            name = self.monitor.removeprefix("val_")
            if name not in directions:
                known = [*directions, *(f"val_{n}" for n in directions)]
                raise ValueError(
                    f"{type(self).__name__}: there is no result {self.monitor!r} to monitor"
                    f"{did_you_mean(self.monitor, known)} Known: {', '.join(known)}. A result that "
                    "only another callback adds needs mode='min' or mode='max'."
                )
            if not directions[name]:
                raise ValueError(
                    f"{type(self).__name__}: nobody knows whether less or more of {name!r} is "
                    "better, as the metric doesn't say it: give mode='min' or mode='max', or the "
                    "metric's class a direction"
                )
            self._direction = directions[name]

    def monitored(self, logs: Logs | None) -> float | None:
        """The monitored result of this epoch; None if there is none.

        Some results exist after some epochs only, such as those of a validation. If the result is
        missing and has never existed, this warns once.
        """
        logs = logs or {}
        if self.monitor in logs:
            self._warned = True
            value = np.asarray(logs[self.monitor])
            if value.size != 1:
                raise ValueError(
                    f"{type(self).__name__}: {self.monitor!r} is an array of {value.size} numbers, "
                    "of which none is the one to monitor; give the metric an average"
                )
            return float(value.item())
        of_validation = self.monitor.removeprefix("val_") in logs
        if not self._warned and not (of_validation and self.params.get("do_validation")):
            self._warned = True
            why = ", as fit was given no validation data."
            warn(
                f"{type(self).__name__} can't see {self.monitor!r}"
                f"{why if of_validation else did_you_mean(self.monitor, logs)} "
                f"There are: {', '.join(logs)}.",
            )
        return None

    def improves(self, value: float, best: float | None) -> bool:
        """Whether a value is better than the best one; NaN never is, and any number beats None."""
        if math.isnan(value):
            return False
        if best is None or math.isnan(best):
            return True
        if self._direction == "min":
            return value + self.min_delta < best
        return value - self.min_delta > best


def limit(owner: str, name: str, value: float | None) -> float | None:
    """Check an initial best value: None or a number, which may be infinite."""
    return None if value is None else checks.number(owner, name, value, "[-inf, inf]")
