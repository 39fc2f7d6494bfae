"""Adamax."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.optimizers.base import Optimizer, usual
from nnkit.optimizers.schedules.base import LearningRateSchedule

__all__ = ["Adamax"]


class Adamax(Optimizer):
    """Adam with the largest gradient in place of the root of the mean square.

    D. Kingma, J. Ba, 2015, "Adam: a method for stochastic optimization", section 7.1.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    beta_1 : float
        Decay rate of the mean of the gradient, at least 0 and less than 1.
    beta_2 : float
        Decay rate of the largest gradient, at least 0 and less than 1.
    epsilon : float
        At least 0; added to the largest gradient. None means 1e-7.
    **options
        Arguments of :class:`Optimizer`: weight_decay and so on, also by position.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Notes
    -----
    In step t, with w the weights, g the gradients, m and u the slots ``"momentum"`` and ``"norm"``,
    and lr the learning rate::

        m = beta_1 m + (1 - beta_1) g
        u = max(beta_2 u, |g|)
        w -= lr / (1 - beta_1^t) m / (u + epsilon)

    Examples
    --------
    >>> import nnkit
    >>> nnkit.optimizers.Adamax().slots
    ('momentum', 'norm')
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
        self.beta_1 = checks.number("Adamax", "beta_1", beta_1, "[0, 1)")
        self.beta_2 = checks.number("Adamax", "beta_2", beta_2, "[0, 1)")
        self.epsilon = checks.number("Adamax", "epsilon", usual(epsilon, 1e-7), "[0, inf)")
        self.slots = ("momentum", "norm")

    def update(
        self,
        gradients: np.ndarray,
        parameters: np.ndarray,
        slots: dict[str, np.ndarray],
        rate: np.ndarray,
        iteration: np.ndarray,
    ) -> None:
        """Update all parameters and slots in place, by one kernel."""
        numbers = (rate, iteration, self.beta_1, self.beta_2, self.epsilon)
        launch.adamax(gradients, *numbers, slots["momentum"], slots["norm"], parameters)
