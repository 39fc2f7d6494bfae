"""LinearWarmup."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.optimizers.schedules.base import LearningRateSchedule, evaluated, rate_or_schedule

__all__ = ["LinearWarmup"]


class LinearWarmup(LearningRateSchedule):
    """Rise along a line to a learning rate, or to the first one of a schedule, which then follows.

    P. Goyal et al., 2017, "Accurate, large minibatch SGD". Not in Keras.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
        What follows; a schedule counts its steps from the end of the rise.
    warmup_steps : int
        The number of steps of the rise, at least 1.
    initial_learning_rate : float
        The rate of the first step, at least 0.
    name : str

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Examples
    --------
    >>> import nnkit
    >>> schedules = nnkit.optimizers.schedules
    >>> schedule = schedules.LinearWarmup(schedules.ExponentialDecay(0.5, 1, 0.5), 2)
    >>> [float(schedule(step)) for step in range(5)]
    [0.0, 0.25, 0.5, 0.25, 0.125]
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule,
        warmup_steps: int,
        initial_learning_rate: float = 0.0,
        name: str = "LinearWarmup",
    ) -> None:
        owner = type(self).__name__
        self.learning_rate = rate_or_schedule(owner, "learning_rate", learning_rate)
        self.warmup_steps = checks.integer(owner, "warmup_steps", warmup_steps)
        self.initial_learning_rate = checks.number(
            owner, "initial_learning_rate", initial_learning_rate, "[0, inf)"
        )
        self.name = name

    def __call__(self, step: Any) -> Any:
        """The learning rate of a step, or of an array of steps."""
        step, first = np.asarray(step), self.initial_learning_rate
        # While the rate rises, what follows stays at its first step: the target.
        after = evaluated(self.learning_rate, np.maximum(step - self.warmup_steps, 0))
        rising = first + (after - first) * (step / self.warmup_steps)
        return np.where(step < self.warmup_steps, rising, after)[()]
