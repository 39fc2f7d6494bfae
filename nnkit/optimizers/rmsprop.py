"""RMSprop."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import empty, launch
from nnkit.optimizers.base import Optimizer, usual
from nnkit.optimizers.schedules.base import LearningRateSchedule

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """Update weights by the gradient, divided by the root of the running mean of its square.

    T. Tieleman, G. Hinton, 2012, lecture 6.5 of "Neural networks for machine learning"; centered:
    A. Graves, 2013, "Generating sequences with recurrent neural networks".

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    rho : float
        Decay rate of the mean, from 0 to 1.
    momentum : float
        The fraction of the previous step that is added to a step, from 0 to 1.
    epsilon : float
        Greater than 0; added to the mean under the root. None means 1e-7.
    centered : bool
        Whether to divide by the root of the gradient's variance, not of its mean square.
    **options
        Arguments of :class:`Optimizer`: weight_decay and so on, also by position.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Notes
    -----
    With w the weights, g the gradients, lr the learning rate, and v, b and a the slots
    ``"velocity"``, ``"momentum"`` (if there is any) and ``"average_gradient"`` (if centered)::

        v = rho v + (1 - rho) g^2
        a = rho a + (1 - rho) g
        b = momentum b + lr g / sqrt(v - a^2 if centered else v + epsilon)
        w -= b

    A gradient whose square would overflow is limited to the largest number whose square does not,
    2^63 in float32. So a step has the length that the formula gives, and the slots stay finite.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.optimizers.RMSprop().slots
    ('velocity',)
    """

    aliases = ("rmsprop",)
    recordable = True

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float | None = 1e-7,
        centered: bool = False,
        *arguments: Any,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, *arguments, **options)
        self.rho = checks.number("RMSprop", "rho", rho, "[0, 1]")
        self.momentum = checks.number("RMSprop", "momentum", momentum, "[0, 1]")
        self.epsilon = checks.number("RMSprop", "epsilon", usual(epsilon, 1e-7), "(0, inf)")
        self.centered = checks.flag("RMSprop", "centered", centered)
        kept = {"velocity": True, "momentum": self.momentum > 0, "average_gradient": self.centered}
        self.slots = tuple(name for name, is_kept in kept.items() if is_kept)

    def update(
        self,
        gradients: np.ndarray,
        parameters: np.ndarray,
        slots: dict[str, np.ndarray],
        rate: np.ndarray,
        iteration: np.ndarray,
    ) -> None:
        """Update all parameters and slots in place, by one kernel."""
        if len(self.slots) == 1:
            launch.rmsprop(gradients, rate, self.rho, self.epsilon, slots["velocity"], parameters)
            return
        launch.rmsprop_momentum(
            gradients,
            rate,
            self.rho,
            self.momentum,
            self.epsilon,
            self.centered,
            slots["velocity"],
            _slot_or_zeros(slots, "average_gradient", parameters),
            _slot_or_zeros(slots, "momentum", parameters),
            parameters,
        )


def _slot_or_zeros(slots: dict[str, np.ndarray], name: str, like: np.ndarray) -> np.ndarray:
    """A slot, or temporary zeros for the kernel to read and write if there is no such slot."""
    if name in slots:
        return slots[name]
    zeros = empty(like.shape, like.dtype)
    launch.fill(0.0, zeros)
    return zeros
