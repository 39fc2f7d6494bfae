"""InverseTimeDecay."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.optimizers.schedules.base import LearningRateSchedule

__all__ = ["InverseTimeDecay"]


class InverseTimeDecay(LearningRateSchedule):
    """Divide the learning rate by a number that grows with the steps.

    ``InverseTimeDecay(rate, 1, decay)`` gives the rates that an optimizer's ``decay=`` does, which
    lets callbacks change the rate besides.

    Parameters
    ----------
    initial_learning_rate : float
        At least 0.
    decay_steps : int or float
        Greater than 0.
    decay_rate : float
        By how much the divisor grows in ``decay_steps`` steps, at least 0.
    staircase : bool
        Whether it grows at once after ``decay_steps`` steps, not little by little.
    name : str

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Notes
    -----
    In step t, counted from 0::

        rate = initial_learning_rate / (1 + decay_rate t / decay_steps)

    Examples
    --------
    >>> import nnkit
    >>> schedule = nnkit.optimizers.schedules.InverseTimeDecay(0.1, 1, 0.5)
    >>> [float(schedule(step)) for step in (0, 2, 6)]
    [0.1, 0.05, 0.025]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        owner = type(self).__name__
        self.initial_learning_rate = checks.number(
            owner, "initial_learning_rate", initial_learning_rate, "[0, inf)"
        )
        self.decay_steps = checks.number(owner, "decay_steps", decay_steps, "(0, inf)")
        self.decay_rate = checks.number(owner, "decay_rate", decay_rate, "[0, inf)")
        self.staircase = checks.flag(owner, "staircase", staircase)
        self.name = name

    def __call__(self, step: Any) -> Any:
        """The learning rate of a step, or of an array of steps."""
        done = np.asarray(step) / self.decay_steps
        done = np.floor(done) if self.staircase else done
        return self.initial_learning_rate / (1.0 + self.decay_rate * done)
