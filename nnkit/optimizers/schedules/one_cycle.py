"""OneCycle."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.optimizers.schedules.base import LearningRateSchedule
from nnkit.optimizers.schedules.cosine_decay import half_wave

__all__ = ["OneCycle"]


class OneCycle(LearningRateSchedule):
    """Rise to a high learning rate, and go down to one much lower than the first.

    L. Smith, N. Topin, 2018, "Super-convergence: very fast training of neural networks using large
    learning rates". Not in Keras; the defaults are those of PyTorch's ``OneCycleLR``.

    Parameters
    ----------
    max_learning_rate : float
        The highest rate, at least 0.
    total_steps : int
        The number of steps; later ones keep the last rate. At least 2.
    warmup_fraction : float
        The part of the steps in which the rate rises, from 0 to 1.
    initial_divisor : float
        The first rate is ``max_learning_rate / initial_divisor``; at least 1.
    final_divisor : float
        The last rate is the first one divided by this; at least 1.
    shape : {"cosine", "linear"}
        How the rate goes from one to the next.
    name : str

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Examples
    --------
    >>> import nnkit
    >>> schedule = nnkit.optimizers.schedules.OneCycle(1.0, 11, 0.5, 4.0, 1.0, shape="linear")
    >>> [round(float(schedule(step)), 2) for step in (0, 4, 5, 10, 20)]
    [0.25, 0.92, 0.93, 0.25, 0.25]
    """

    def __init__(
        self,
        max_learning_rate: float,
        total_steps: int,
        warmup_fraction: float = 0.3,
        initial_divisor: float = 25.0,
        final_divisor: float = 1e4,
        shape: str = "cosine",
        name: str = "OneCycle",
    ) -> None:
        owner = type(self).__name__
        self.max_learning_rate = checks.number(
            owner, "max_learning_rate", max_learning_rate, "[0, inf)"
        )
        self.total_steps = checks.integer(owner, "total_steps", total_steps, low=2)
        self.warmup_fraction = checks.number(owner, "warmup_fraction", warmup_fraction, "[0, 1]")
        self.initial_divisor = checks.number(owner, "initial_divisor", initial_divisor, "[1, inf)")
        self.final_divisor = checks.number(owner, "final_divisor", final_divisor, "[1, inf)")
        self.shape = checks.one_of(owner, "shape", shape, ("cosine", "linear"))
        self.name = name

    def __call__(self, step: Any) -> Any:
        """The learning rate of a step, or of an array of steps."""
        step, top = np.asarray(step), self.max_learning_rate
        first = top / self.initial_divisor
        last = first / self.final_divisor
        end = self.total_steps - 1.0
        peak = max(self.warmup_fraction * self.total_steps - 1.0, 0.0)
        rising = self._between(first, top, step / (peak or 1.0))
        falling = self._between(top, last, (step - peak) / ((end - peak) or 1.0))
        return np.where(step < peak, rising, falling)[()]

    def _between(self, start: float, end: float, done: np.ndarray) -> Any:
        done = np.clip(done, 0.0, 1.0)
        left = half_wave(done) if self.shape == "cosine" else 1.0 - done
        return end + (start - end) * left
