"""CosineDecayRestarts."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.optimizers.schedules.base import LearningRateSchedule
from nnkit.optimizers.schedules.cosine_decay import half_wave

__all__ = ["CosineDecayRestarts"]


class CosineDecayRestarts(LearningRateSchedule):
    """Go down along half a wave of the cosine, jump up, and go down again, slower each time.

    I. Loshchilov, F. Hutter, 2017, "SGDR: stochastic gradient descent with warm restarts".

    Parameters
    ----------
    initial_learning_rate : float
        At least 0.
    first_decay_steps : int or float
        The length of the first period, greater than 0.
    t_mul : float
        The factor from the length of a period to that of the next one, at least 1.
    m_mul : float
        The factor from the highest rate of a period to that of the next one, at least 0.
    alpha : float
        The lowest rate as a fraction of the initial one, at least 0.
    name : str

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Notes
    -----
    In period i, counted from 0, of which the part c (0 to 1) is done::

        rate = initial_learning_rate ((1 - alpha) m_mul^i (1 + cos(pi c)) / 2 + alpha)

    Examples
    --------
    >>> import nnkit
    >>> schedule = nnkit.optimizers.schedules.CosineDecayRestarts(0.5, 2)
    >>> [float(schedule(step)) for step in (0, 1, 2, 4, 6)]
    [0.5, 0.25, 0.5, 0.25, 0.5]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        owner = type(self).__name__
        self.initial_learning_rate = checks.number(
            owner, "initial_learning_rate", initial_learning_rate, "[0, inf)"
        )
        self.first_decay_steps = checks.number(
            owner, "first_decay_steps", first_decay_steps, "(0, inf)"
        )
        self.t_mul = checks.number(owner, "t_mul", t_mul, "[1, inf)")
        self.m_mul = checks.number(owner, "m_mul", m_mul, "[0, inf)")
        self.alpha = checks.number(owner, "alpha", alpha, "[0, inf)")
        self.name = name

    def __call__(self, step: Any) -> Any:
        """The learning rate of a step, or of an array of steps."""
        done = np.asarray(step) / self.first_decay_steps  # In first periods.
        if self.t_mul == 1:
            period = np.floor(done)
            done = done - period
        else:
            grown = 1.0 + done * (self.t_mul - 1.0)
            period = np.floor(np.log(grown) / np.log(self.t_mul))
            # The logarithm of a power may be rounded down.
            period = period + (self._begin(period + 1.0) <= done)
            done = (done - self._begin(period)) / self.t_mul**period
        wave = self.m_mul**period * half_wave(np.maximum(done, 0.0))
        return self.initial_learning_rate * ((1.0 - self.alpha) * wave + self.alpha)

    def _begin(self, period: np.ndarray) -> np.ndarray:
        """Where a period begins, in lengths of the first one."""
        begin: np.ndarray = (self.t_mul**period - 1.0) / (self.t_mul - 1.0)
        return begin
