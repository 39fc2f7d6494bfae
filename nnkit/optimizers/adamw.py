"""AdamW."""

from __future__ import annotations

from typing import Any

from nnkit import checks
from nnkit.optimizers.adam import Adam
from nnkit.optimizers.schedules.base import LearningRateSchedule

__all__ = ["AdamW"]


class AdamW(Adam):
    """Adam that decays weights apart from the gradient.

    I. Loshchilov, F. Hutter, 2019, "Decoupled weight decay regularization". It is :class:`Adam`
    with another default: before each step, ``w -= weight_decay * learning_rate * w``.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    weight_decay : float
        At least 0.
    beta_1, beta_2, epsilon, amsgrad
        As for :class:`Adam`.
    **options
        Arguments of :class:`Optimizer`: clipnorm and so on, also by position.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Examples
    --------
    >>> import nnkit
    >>> optimizer = nnkit.optimizers.AdamW()
    >>> optimizer.exclude_from_weight_decay(var_names=["bias"])
    >>> optimizer.weight_decay
    0.004
    """

    aliases = ("adamw",)

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        amsgrad: bool = False,
        *arguments: Any,
        **options: Any,
    ) -> None:
        weight_decay = checks.number("AdamW", "weight_decay", weight_decay, "[0, inf)")
        numbers = beta_1, beta_2, epsilon, amsgrad, weight_decay
        super().__init__(learning_rate, *numbers, *arguments, **options)
