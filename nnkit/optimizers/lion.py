"""Lion."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.optimizers.base import Optimizer
from nnkit.optimizers.schedules.base import LearningRateSchedule

__all__ = ["Lion"]


class Lion(Optimizer):
    """Subtract the learning rate with the sign of a mean of the gradient.

    X. Chen et al., 2023, "Symbolic discovery of optimization algorithms". Its steps are larger than
    Adam's: a good learning rate is a third to a tenth of Adam's.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    beta_1 : float
        The part of the mean in what the sign is taken of, greater than 0 and at most 1.
    beta_2 : float
        Decay rate of the mean, from 0 to 1.
    **options
        Arguments of :class:`Optimizer`: weight_decay and so on, also by position.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Notes
    -----
    With w the weights, g the gradients, m the slot ``"momentum"``, and lr the learning rate::

        w -= lr sign(beta_1 m + (1 - beta_1) g)
        m = beta_2 m + (1 - beta_2) g

    The sign of what is not finite is NaN, so that it shows in the weights.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.optimizers.Lion().slots
    ('momentum',)
    """

    recordable = True

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        *arguments: Any,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, *arguments, **options)
        self.beta_1 = checks.number("Lion", "beta_1", beta_1, "(0, 1]")
        self.beta_2 = checks.number("Lion", "beta_2", beta_2, "[0, 1]")
        self.slots = ("momentum",)

    def update(
        self,
        gradients: np.ndarray,
        parameters: np.ndarray,
        slots: dict[str, np.ndarray],
        rate: np.ndarray,
        iteration: np.ndarray,
    ) -> None:
        """Update all parameters and slots in place, by one kernel."""
        launch.lion(gradients, rate, self.beta_1, self.beta_2, slots["momentum"], parameters)
