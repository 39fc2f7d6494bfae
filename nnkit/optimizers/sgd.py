"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.engine.variable import Storage
from nnkit.optimizers.base import Optimizer
from nnkit.optimizers.schedules.base import LearningRateSchedule

__all__ = ["SGD"]


class SGD(Optimizer):
    """Subtract the gradient times the learning rate, with or without momentum.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    momentum : float
        The fraction of the previous step that is added to a step, from 0 to 1.
    nesterov : bool
        Whether to use Nesterov's momentum (Y. Nesterov, 1983).
    **options
        Arguments of :class:`Optimizer`: weight_decay and so on, also by position.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Notes
    -----
    With w the weights, g the gradients, lr the learning rate and v the slot ``"momentum"``:

    - without momentum, w -= lr g;
    - with it, v = momentum v - lr g and w += v;
    - with nesterov, w += momentum v - lr g instead, with the new v.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.optimizers.SGD(0.1, momentum=0.9).slots
    ('momentum',)
    """

    recordable = True

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        *arguments: Any,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, *arguments, **options)
        self.momentum = checks.number("SGD", "momentum", momentum, "[0, 1]")
        self.nesterov = checks.flag("SGD", "nesterov", nesterov)
        self.slots = ("momentum",) if self.momentum else ()

    def update_tables(self, storage: Storage, rate: np.ndarray) -> bool:
        """Skip rows of embeddings that the batch didn't use, if there is no momentum."""
        if self.slots or type(self).update is not SGD.update:
            return False
        for gradient, value, rows_used in storage.stretches():
            if rows_used is None:
                launch.sgd(gradient, rate, value)
            else:
                launch.sgd_rows(gradient, rate, rows_used, value)
        return True

    def update(
        self,
        gradients: np.ndarray,
        parameters: np.ndarray,
        slots: dict[str, np.ndarray],
        rate: np.ndarray,
        iteration: np.ndarray,
    ) -> None:
        """Update all parameters, and the momentum if there is any, in place, by one kernel."""
        if not self.slots:
            launch.sgd(gradients, rate, parameters)
            return
        launch.sgd_momentum(
            gradients, rate, self.momentum, self.nesterov, slots["momentum"], parameters
        )
