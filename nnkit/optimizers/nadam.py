"""Nadam."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import empty, launch
from nnkit.optimizers.base import Optimizer, usual
from nnkit.optimizers.schedules.base import LearningRateSchedule

__all__ = ["Nadam"]


class Nadam(Optimizer):
    """Adam with Nesterov's momentum: the mean of the gradient is looked up one step ahead.

    T. Dozat, 2016, "Incorporating Nesterov momentum into Adam".

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    beta_1 : float
        Decay rate of the mean of the gradient, at least 0 and less than 1.
    beta_2 : float
        Decay rate of the mean of the squared gradient, at least 0 and less than 1.
    epsilon : float
        At least 0; added to the square root. None means 1e-7.
    **options
        Arguments of :class:`Optimizer`: weight_decay and so on, also by position.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Notes
    -----
    In step t, with w the weights, g the gradients, m and v the slots ``"momentum"`` and
    ``"velocity"``, and lr the learning rate; mu_t = beta_1 (1 - 0.96^t / 2), and M_t is the product
    of mu_1 to mu_t::

        m += (1 - beta_1) (g - m)
        v += (1 - beta_2) (g^2 - v)
        d = mu_(t+1) m / (1 - M_(t+1)) + (1 - mu_t) g / (1 - M_t)
        w -= lr d / (sqrt(v / (1 - beta_2^t)) + epsilon)

    A gradient whose square would overflow is limited to the largest number whose square does not,
    2^63 in float32. So a step has the length that the formula gives, and the slots stay finite.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.optimizers.Nadam().slots
    ('momentum', 'velocity')
    """

    recordable = True

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        *arguments: Any,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, *arguments, **options)
        self.beta_1 = checks.number("Nadam", "beta_1", beta_1, "[0, 1)")
        self.beta_2 = checks.number("Nadam", "beta_2", beta_2, "[0, 1)")
        self.epsilon = checks.number("Nadam", "epsilon", usual(epsilon, 1e-7), "[0, inf)")
        self.slots = ("momentum", "velocity")

    def momentum_product(self) -> float:
        """The product M_t of the momentums of all updates so far."""
        mu = self.beta_1 * (1.0 - 0.5 * 0.96 ** np.arange(1.0, min(self.iterations, 1000) + 1.0))
        return float(np.prod(mu)) * self.beta_1 ** max(self.iterations - 1000, 0)

    def update(
        self,
        gradients: np.ndarray,
        parameters: np.ndarray,
        slots: dict[str, np.ndarray],
        rate: np.ndarray,
        iteration: np.ndarray,
    ) -> None:
        """Update all parameters and slots in place, by one kernel."""
        numbers = empty((3,), np.float64)
        launch.nadam_numbers(rate, iteration, self.beta_1, self.beta_2, numbers)
        constants = (numbers, self.beta_1, self.beta_2, self.epsilon)
        launch.nadam(gradients, *constants, slots["momentum"], slots["velocity"], parameters)
