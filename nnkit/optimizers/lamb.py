"""Lamb."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import empty, launch
from nnkit.engine.variable import Storage
from nnkit.optimizers.base import Optimizer, squares_of, usual
from nnkit.optimizers.schedules.base import LearningRateSchedule

__all__ = ["Lamb"]


class Lamb(Optimizer):
    """Adam whose steps are as long as the weights, for large batches.

    Y. You et al., 2020, "Large batch optimization for deep learning: training BERT in 76 minutes".

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
    In step t, with w a weight (a kernel, a bias), g its gradient, m and v the slots ``"momentum"``
    and ``"velocity"``, and lr the learning rate::

        m += (1 - beta_1) (g - m)
        v += (1 - beta_2) (g^2 - v)
        d = m / (1 - beta_1^t) / (sqrt(v / (1 - beta_2^t)) + epsilon)
        w -= lr |w| / |d| d, or lr d where one of the norms is 0

    A gradient whose square would overflow is limited to the largest number whose square does not,
    2^63 in float32. So a step has the length that the formula gives, and the slots stay finite.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.optimizers.Lamb().slots
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
        self.beta_1 = checks.number("Lamb", "beta_1", beta_1, "[0, 1)")
        self.beta_2 = checks.number("Lamb", "beta_2", beta_2, "[0, 1)")
        self.epsilon = checks.number("Lamb", "epsilon", usual(epsilon, 1e-7), "[0, inf)")
        self.slots = ("momentum", "velocity")

    def update_all(
        self,
        storage: Storage,
        slots: dict[str, np.ndarray],
        rate: np.ndarray,
        iteration: np.ndarray,
    ) -> None:
        """The directions of all weights by one kernel, then the step of each."""
        directions = empty(storage.gradients.shape, storage.dtype)
        numbers = iteration, self.beta_1, self.beta_2, self.epsilon
        means = slots["momentum"], slots["velocity"]
        launch.lamb_direction(storage.gradients, *numbers, *means, directions)
        for i in range(len(storage.trainable_variables)):
            weight = storage.view(storage.values, i).reshape(-1)
            direction = storage.view(directions, i).reshape(-1)
            squares = squares_of(weight), squares_of(direction)
            launch.trust_step(*squares, rate, direction, weight)
