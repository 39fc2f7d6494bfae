"""Adagrad."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.optimizers.base import Optimizer, usual
from nnkit.optimizers.schedules.base import LearningRateSchedule

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """Divide the gradient by the root of the sum of all its squares so far.

    J. Duchi, E. Hazan, Y. Singer, 2011, "Adaptive subgradient methods for online learning and
    stochastic optimization".

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    initial_accumulator_value : float
        Where the sum begins, at least 0.
    epsilon : float
        At least 0; added to the sum under the root. None means 1e-7.
    **options
        Arguments of :class:`Optimizer`: weight_decay and so on, also by position.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Notes
    -----
    With w the weights, g the gradients, a the slot ``"accumulator"``, and lr the learning rate::

        a += g^2
        w -= lr g / sqrt(a + epsilon)

    A gradient whose square would overflow is limited to the largest number whose square does not,
    2^63 in float32, and the sum to 2^127, so that it stays finite.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.optimizers.Adagrad().slots
    ('accumulator',)
    """

    recordable = True

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float | None = 1e-7,
        *arguments: Any,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, *arguments, **options)
        self.initial_accumulator_value = checks.number(
            "Adagrad", "initial_accumulator_value", initial_accumulator_value, "[0, inf)"
        )
        self.epsilon = checks.number("Adagrad", "epsilon", usual(epsilon, 1e-7), "[0, inf)")
        self.slots = ("accumulator",)

    def slot_start(self, slot: str) -> float:
        """Where the sum begins."""
        return self.initial_accumulator_value

    def update(
        self,
        gradients: np.ndarray,
        parameters: np.ndarray,
        slots: dict[str, np.ndarray],
        rate: np.ndarray,
        iteration: np.ndarray,
    ) -> None:
        """Update all parameters and slots in place, by one kernel."""
        launch.adagrad(gradients, rate, self.epsilon, slots["accumulator"], parameters)
