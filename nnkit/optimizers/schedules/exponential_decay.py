"""ExponentialDecay."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.optimizers.schedules.base import LearningRateSchedule

__all__ = ["ExponentialDecay"]


class ExponentialDecay(LearningRateSchedule):
    """Multiply the learning rate by the same factor every so many steps.

    Parameters
    ----------
    initial_learning_rate : float
        At least 0.
    decay_steps : int or float
        Greater than 0.
    decay_rate : float
        The factor, at least 0.
    staircase : bool
        Whether to multiply at once after ``decay_steps`` steps, not little by little.
    name : str

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Notes
    -----
    In step t, counted from 0::

        rate = initial_learning_rate decay_rate^(t / decay_steps)

    Examples
    --------
    >>> import nnkit
    >>> schedule = nnkit.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    >>> [float(schedule(step)) for step in (0, 10, 20)]
    [0.1, 0.05, 0.025]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
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
        return self.initial_learning_rate * self.decay_rate ** (
            np.floor(done) if self.staircase else done
        )
