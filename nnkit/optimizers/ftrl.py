"""Ftrl."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.optimizers.base import Optimizer
from nnkit.optimizers.schedules.base import LearningRateSchedule

__all__ = ["Ftrl"]


class Ftrl(Optimizer):
    """Follow the regularized leader: weights that stay 0 where gradients are small.

    H. B. McMahan et al., 2013, "Ad click prediction: a view from the trenches".

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
        Where a schedule gives 0, a step changes nothing.
    learning_rate_power : float
        At most 0; the rate falls with the sum of squares to this power.
    initial_accumulator_value : float
        Where the sum of squares begins, at least 0.
    l1_regularization_strength, l2_regularization_strength : float
        At least 0.
    l2_shrinkage_regularization_strength : float
        At least 0; added to the gradient, as a penalty would.
    beta : float
        At least 0; added to the root of the sum of squares.
    **options
        Arguments of :class:`Optimizer`: weight_decay and so on, also by position.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Notes
    -----
    With w the weights, g the gradients, lr the learning rate, p = -learning_rate_power, l1, l2 and
    s the strengths, and n and z the slots ``"accumulator"`` and ``"linear"``::

        z += g + 2 s w - ((n + g^2)^p - n^p) / lr w
        n += g^2
        w = (clip(z, -l1, l1) - z) / ((n^p + beta) / lr + 2 l2)

    A gradient whose square would overflow is limited to the largest number whose square does not,
    2^63 in float32, and the sum to 2^127, so that it stays finite.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.optimizers.Ftrl().slots
    ('accumulator', 'linear')
    """

    recordable = True

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        *arguments: Any,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, *arguments, **options)
        self.learning_rate_power = checks.number(
            "Ftrl", "learning_rate_power", learning_rate_power, "(-inf, 0]"
        )
        self.initial_accumulator_value = _strength(
            "initial_accumulator_value", initial_accumulator_value
        )
        self.l1_regularization_strength = _strength(
            "l1_regularization_strength", l1_regularization_strength
        )
        self.l2_regularization_strength = _strength(
            "l2_regularization_strength", l2_regularization_strength
        )
        self.l2_shrinkage_regularization_strength = _strength(
            "l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength
        )
        self.beta = _strength("beta", beta)
        self.slots = ("accumulator", "linear")

    def slot_start(self, slot: str) -> float:
        """Where the sum begins."""
        return self.initial_accumulator_value if slot == "accumulator" else 0.0

    def update(
        self,
        gradients: np.ndarray,
        parameters: np.ndarray,
        slots: dict[str, np.ndarray],
        rate: np.ndarray,
        iteration: np.ndarray,
    ) -> None:
        """Update all parameters and slots in place, by one kernel."""
        strengths = (
            -self.learning_rate_power,
            self.l1_regularization_strength,
            self.l2_regularization_strength,
            self.l2_shrinkage_regularization_strength,
            self.beta,
        )
        kept = (slots["accumulator"], slots["linear"])
        launch.ftrl(gradients, rate, *strengths, *kept, parameters)


def _strength(name: str, value: float) -> float:
    return checks.number("Ftrl", name, value, "[0, inf)")
