"""MonitorCallback: what callbacks that watch one result share."""

from __future__ import annotations

import math

import numpy as np

from nnkit import checks
from nnkit.arguments import did_you_mean
from nnkit.callbacks.callback import Callback, Logs
from nnkit.errors import warn

__all__ = ["MonitorCallback", "limit"]


class MonitorCallback(Callback):
    """Watches one of the results of each epoch and tells whether it improved.

    Parameters
    ----------
    monitor : str
        ``"loss"``, a metric's name, or ``"val_"`` and one of these.
    mode : {"auto", "min", "max"}
        Whether less or more is better; ``"auto"`` asks the metric (``Metric.direction``).
    min_delta : float
        An improvement by no more than this is none.

    Raises
    ------
    TypeError
        An argument is of another type.
    ValueError
        The mode is unknown; or, when training begins, ``"auto"`` finds no metric of that name, or
        one that doesn't say its direction.
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
        """Find the direction of what is monitored, before any time is spent."""
        self._direction, self._warned = self.mode, False
        if self.mode == "auto":
            directions = self.model.metric_directions
            name = self.monitor.removeprefix("val_")
            if name not in directions:
                raise self._unknown([*directions, *(f"val_{n}" for n in directions)])
            self._direction = directions[name] or self._undirected(name)

    def monitored(self, logs: Logs | None) -> float | None:
        """The value after this epoch; None if there is none.

        Some results are there after some epochs only: those of a validation, or of another
        callback. If it is not, and never was, there is a warning, once.
        """
        logs = logs or {}
        if self.monitor in logs:
            self._warned = True
            return float(np.asarray(logs[self.monitor]).item())
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
        """Whether a value is better than the best one: a number than none, NaN than nothing."""
        if math.isnan(value):
            return False
        if best is None or math.isnan(best):
            return True
        if self._direction == "min":
            return value + self.min_delta < best
        return value - self.min_delta > best

    def _undirected(self, name: str) -> str:
        raise ValueError(
            f"{type(self).__name__}: nobody knows whether less or more of {name!r} is better, as "
            "the metric doesn't say it: give mode='min' or mode='max', or the metric's class a "
            "direction"
        )

    def _unknown(self, known: list[str]) -> ValueError:
        hint = did_you_mean(self.monitor, known)
        return ValueError(
            f"{type(self).__name__}: there is no result {self.monitor!r} to monitor{hint} "
            f"Known: {', '.join(known)}. A result that only another callback adds needs "
            "mode='min' or mode='max'."
        )


def limit(owner: str, name: str, value: float | None) -> float | None:
    """What a result is compared with at first: a number, also an infinite one, or nothing."""
    return None if value is None else checks.number(owner, name, value, "[-inf, inf]")
