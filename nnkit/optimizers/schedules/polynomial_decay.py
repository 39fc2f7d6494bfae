"""PolynomialDecay."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.optimizers.schedules.base import LearningRateSchedule

__all__ = ["PolynomialDecay"]


class PolynomialDecay(LearningRateSchedule):
    """Go from one learning rate to another along a line, or a power of one.

    Parameters
    ----------
    initial_learning_rate : float
        At least 0.
    decay_steps : int or float
        The number of steps in which the last rate is reached, greater than 0.
    end_learning_rate : float
        The last rate, at least 0.
    power : float
        1 is a line; greater than 0.
    cycle : bool
        Whether to rise again after ``decay_steps`` steps: the rate then goes down to the last one
        in twice as many steps, three times as many and so on.
    name : str

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Notes
    -----
    In step t, counted from 0, with n = decay_steps::

        rate = (initial_learning_rate - end_learning_rate) (1 - min(t, n) / n)^power
               + end_learning_rate

    With ``cycle``, n is decay_steps ceil(t / decay_steps) and t may be any.

    Examples
    --------
    >>> import nnkit
    >>> schedule = nnkit.optimizers.schedules.PolynomialDecay(0.5, 10, end_learning_rate=0.0)
    >>> [float(schedule(step)) for step in (0, 5, 10, 15)]
    [0.5, 0.25, 0.0, 0.0]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        owner = type(self).__name__
        self.initial_learning_rate = checks.number(
            owner, "initial_learning_rate", initial_learning_rate, "[0, inf)"
        )
        self.decay_steps = checks.number(owner, "decay_steps", decay_steps, "(0, inf)")
        self.end_learning_rate = checks.number(
            owner, "end_learning_rate", end_learning_rate, "[0, inf)"
        )
        self.power = checks.number(owner, "power", power, "(0, inf)")
        self.cycle = checks.flag(owner, "cycle", cycle)
        self.name = name

    def __call__(self, step: Any) -> Any:
        """The learning rate of a step, or of an array of steps."""
        done = np.asarray(step) / self.decay_steps
        done = done / np.maximum(np.ceil(done), 1.0) if self.cycle else np.minimum(done, 1.0)
        above = self.initial_learning_rate - self.end_learning_rate
        return above * (1.0 - done) ** self.power + self.end_learning_rate
