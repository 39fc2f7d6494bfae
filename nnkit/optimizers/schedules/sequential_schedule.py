"""SequentialSchedule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit.optimizers.schedules.base import LearningRateSchedule, evaluated, rate_or_schedule
from nnkit.optimizers.schedules.piecewise_constant_decay import increasing

__all__ = ["SequentialSchedule"]


class SequentialSchedule(LearningRateSchedule):
    """One schedule after the other, each of which counts its steps from 0. Not in Keras.

    Parameters
    ----------
    schedules : list of float or LearningRateSchedule
        A number is a constant rate.
    boundaries : list of int
        The steps, counted from 0 and in increasing order, in which the second schedule begins, the
        third and so on: one fewer than schedules.
    name : str

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Examples
    --------
    >>> import nnkit
    >>> schedules = nnkit.optimizers.schedules
    >>> half = schedules.ExponentialDecay(0.5, 1, 0.5)
    >>> schedule = schedules.SequentialSchedule([0.1, half], [2])
    >>> [float(schedule(step)) for step in range(5)]
    [0.1, 0.1, 0.5, 0.25, 0.125]
    """

    def __init__(
        self,
        schedules: Sequence[float | LearningRateSchedule],
        boundaries: Sequence[int],
        name: str = "SequentialSchedule",
    ) -> None:
        owner = type(self).__name__
        if not isinstance(schedules, (list, tuple)) or not schedules:
            raise TypeError(f"{owner}: schedules must be a list of schedules, got {schedules!r}")
        self.schedules = [rate_or_schedule(owner, "schedules", each) for each in schedules]
        self.boundaries = increasing(owner, "boundaries", boundaries)
        if len(self.schedules) != len(self.boundaries) + 1:
            raise ValueError(
                f"{owner}: there is one schedule more than boundaries, got {len(self.schedules)} "
                f"for {len(self.boundaries)}"
            )
        self.name = name

    def __call__(self, step: Any) -> Any:
        """The learning rate of a step, or of an array of steps."""
        step = np.asarray(step)
        rates = evaluated(self.schedules[0], step)
        for begin, schedule in zip(self.boundaries, self.schedules[1:], strict=True):
            later = evaluated(schedule, np.maximum(step - begin, 0))
            rates = np.where(step >= begin, later, rates)
        return rates[()]
