"""Adam."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.optimizers.base import Optimizer, usual
from nnkit.optimizers.schedules.base import LearningRateSchedule

__all__ = ["Adam"]


class Adam(Optimizer):
    """Update weights by running means of the gradient and of its square.

    D. Kingma, J. Ba, 2015, "Adam: a method for stochastic optimization"; amsgrad: S. Reddi et al.,
    2018, "On the convergence of Adam and beyond".

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    beta_1 : float
        Decay rate of the mean of the gradient, at least 0 and less than 1.
    beta_2 : float
        Decay rate of the mean of the squared gradient, at least 0 and less than 1.
    epsilon : float
        At least 0; added to the square root. It is the paper's "epsilon hat". None means 1e-7.
    amsgrad : bool
        Whether to divide by the largest mean of the squared gradient so far.
    **options
        Arguments of :class:`Optimizer`: weight_decay and so on, also by position.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Notes
    -----
    In step t, with w the weights, g the gradients, m and v the slots ``"momentum"`` and
    ``"velocity"``, and lr the learning rate::

        m += (1 - beta_1) (g - m)
        v += (1 - beta_2) (g^2 - v)
        w -= lr sqrt(1 - beta_2^t) / (1 - beta_1^t) m / (sqrt(v) + epsilon)

    A gradient whose square would overflow is limited to the largest number whose square does not,
    2^63 in float32. So a step has the length that the formula gives, and the slots stay finite.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.optimizers.Adam().slots
    ('momentum', 'velocity')
    """

    recordable = True

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        amsgrad: bool = False,
        *arguments: Any,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, *arguments, **options)
        self.beta_1 = checks.number("Adam", "beta_1", beta_1, "[0, 1)")
        self.beta_2 = checks.number("Adam", "beta_2", beta_2, "[0, 1)")
        self.epsilon = checks.number("Adam", "epsilon", usual(epsilon, 1e-7), "[0, inf)")
        self.amsgrad = checks.flag("Adam", "amsgrad", amsgrad)
        self.slots = ("momentum", "velocity", *(("velocity_hat",) if self.amsgrad else ()))

    def update(
        self,
        gradients: np.ndarray,
        parameters: np.ndarray,
        slots: dict[str, np.ndarray],
        rate: np.ndarray,
        iteration: np.ndarray,
    ) -> None:
        """Update all parameters and slots in place, by one kernel."""
        kernel = launch.adam_amsgrad if self.amsgrad else launch.adam
        numbers = (rate, iteration, self.beta_1, self.beta_2, self.epsilon)
        kernel(gradients, *numbers, *(slots[name] for name in self.slots), parameters)
