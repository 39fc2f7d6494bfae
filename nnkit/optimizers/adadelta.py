"""Adadelta."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.optimizers.base import Optimizer, usual
from nnkit.optimizers.schedules.base import LearningRateSchedule

__all__ = ["Adadelta"]


class Adadelta(Optimizer):
    """Divide the gradient by its running mean square, and multiply it by that of the steps.

    M. Zeiler, 2012, "Adadelta: an adaptive learning rate method"; there the learning rate is 1.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    rho : float
        Decay rate of both means, from 0 to 1.
    epsilon : float
        Greater than 0; added to the means under the roots. None means 1e-7.
    **options
        Arguments of :class:`Optimizer`: weight_decay and so on, also by position.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Notes
    -----
    With w the weights, g the gradients, lr the learning rate, and a and s the slots
    ``"accumulated_grad"`` and ``"accumulated_delta_var"``::

        a = rho a + (1 - rho) g^2
        d = sqrt(s + epsilon) / sqrt(a + epsilon) g
        s = rho s + (1 - rho) d^2
        w -= lr d

    A gradient whose square would overflow is limited to the largest number whose square does not,
    2^63 in float32. So a step has the length that the formula gives, and the slots stay finite.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.optimizers.Adadelta().slots
    ('accumulated_grad', 'accumulated_delta_var')
    """

    recordable = True

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        rho: float = 0.95,
        epsilon: float | None = 1e-7,
        *arguments: Any,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, *arguments, **options)
        self.rho = checks.number("Adadelta", "rho", rho, "[0, 1]")
        self.epsilon = checks.number("Adadelta", "epsilon", usual(epsilon, 1e-7), "(0, inf)")
        self.slots = ("accumulated_grad", "accumulated_delta_var")

    def update(
        self,
        gradients: np.ndarray,
        parameters: np.ndarray,
        slots: dict[str, np.ndarray],
        rate: np.ndarray,
        iteration: np.ndarray,
    ) -> None:
        """Update all parameters and slots in place, by one kernel."""
        kept = (slots[name] for name in self.slots)
        launch.adadelta(gradients, rate, self.rho, self.epsilon, *kept, parameters)
