"""CosineDecay."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.optimizers.schedules.base import LearningRateSchedule

__all__ = ["CosineDecay"]


class CosineDecay(LearningRateSchedule):
    """Go down along half a wave of the cosine, after a linear rise if wanted.

    I. Loshchilov, F. Hutter, 2017, "SGDR: stochastic gradient descent with warm restarts"; the
    rise: P. Goyal et al., 2017, "Accurate, large minibatch SGD".

    Parameters
    ----------
    initial_learning_rate : float
        At least 0.
    decay_steps : int or float
        The number of steps from the highest rate to the last, greater than 0.
    alpha : float
        The last rate as a fraction of the highest one, at least 0.
    name : str
    warmup_target : float, optional
        The highest rate, to which the rate rises from the initial one; without it, the initial rate
        is the highest one.
    warmup_steps : int or float
        The number of steps of the rise; without ``warmup_target``, there is none.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Notes
    -----
    In step t, counted from 0, with s = t - warmup_steps (s = t if there is no rise)::

        rate = initial + (target - initial) t / warmup_steps                        if s < 0
        rate = target ((1 - alpha) (1 + cos(pi min(s / decay_steps, 1))) / 2 + alpha)  otherwise

    Examples
    --------
    >>> import nnkit
    >>> schedules = nnkit.optimizers.schedules
    >>> schedule = schedules.CosineDecay(0.0, 10, warmup_target=0.5, warmup_steps=2)
    >>> [float(schedule(step)) for step in (0, 1, 2, 7, 12)]
    [0.0, 0.25, 0.5, 0.25, 0.0]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        owner = type(self).__name__
        self.initial_learning_rate = checks.number(
            owner, "initial_learning_rate", initial_learning_rate, "[0, inf)"
        )
        self.decay_steps = checks.number(owner, "decay_steps", decay_steps, "(0, inf)")
        self.alpha = checks.number(owner, "alpha", alpha, "[0, inf)")
        self.name = name
        self.warmup_target = warmup_target
        if warmup_target is not None:
            self.warmup_target = checks.number(owner, "warmup_target", warmup_target, "[0, inf)")
        self.warmup_steps = checks.number(owner, "warmup_steps", warmup_steps, "[0, inf)")

    def __call__(self, step: Any) -> Any:
        """The learning rate of a step, or of an array of steps."""
        step, first, top = np.asarray(step), self.initial_learning_rate, self.warmup_target
        rise = 0.0 if top is None else self.warmup_steps
        top = first if top is None else top
        done = np.clip((step - rise) / self.decay_steps, 0.0, 1.0)
        falling = top * ((1.0 - self.alpha) * half_wave(done) + self.alpha)
        return np.where(step < rise, first + (top - first) * (step / (rise or 1.0)), falling)[()]


def half_wave(done: np.ndarray) -> Any:
    """From 1 down to 0 along a cosine, as done goes from 0 to 1."""
    return 0.5 * (1.0 + np.cos(math.pi * done))
