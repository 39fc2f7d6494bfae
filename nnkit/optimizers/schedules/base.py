"""LearningRateSchedule: the base class of schedules, and how they are found and described."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nnkit import checks
from nnkit.arguments import parameters
from nnkit.registry import Configurable, resolve, to_plain
from nnkit.registry import custom_objects as known

__all__ = ["LearningRateSchedule", "deserialize", "get", "serialize"]


class LearningRateSchedule(Configurable):
    """A learning rate that follows the number of the step; given as ``learning_rate=``.

    A schedule of your own defines ``__call__(self, step)``, in Python: ``step`` is a whole number,
    0 at the first step of training, and the result is a number, or an expression of
    :mod:`nnkit.ops`. It is asked for the coming steps before they run, so it must depend on nothing
    but the step, and steps stay native. After ``@nnkit.saving.register``, files can name it.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> class Halving(nnkit.optimizers.schedules.LearningRateSchedule):
    ...     def __init__(self, start):
    ...         self.start = start
    ...     def __call__(self, step):
    ...         return self.start / 2**step
    >>> model = nnkit.Sequential([nnkit.layers.Dense(1)])
    >>> model.compile(nnkit.optimizers.SGD(Halving(0.5)), "mse")
    >>> history = model.fit(np.ones((4, 2)), np.ones(4), batch_size=2, verbose=0)
    >>> model.optimizer.learning_rate
    0.125
    """

    kind: ClassVar[str] = "schedule"

    def __call__(self, step: Any) -> Any:
        """The learning rate of a step, counted from 0; nnkit's own take an array of them, too."""
        raise TypeError(f"{type(self).__name__} must define __call__(self, step)")

    def rates(self, first: int, count: int) -> np.ndarray:
        """The learning rates of some steps in a row.

        Parameters
        ----------
        first : int
            The number of the first step, counted from 0.
        count : int

        Returns
        -------
        numpy.ndarray
            float64 (count,)

        Raises
        ------
        TypeError, ValueError
            The schedule gave something else than a number that is at least 0 and finite.
        """
        rates = evaluated(self, np.arange(first, first + count))
        wrong = np.flatnonzero(~((rates >= 0) & (rates < np.inf)))
        if wrong.size:
            i = int(wrong[0])
            raise ValueError(
                f"{type(self).__name__}: the learning rate of step {first + i} is {rates[i]}; it "
                "must be a finite number that is at least 0"
            )
        return rates

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain data."""
        recorded = super().get_config()
        names = [name for name in recorded if name in parameters(type(self))]
        return {name: to_plain(getattr(self, name, recorded[name])) for name in names}


def evaluated(schedule: float | LearningRateSchedule, steps: np.ndarray) -> np.ndarray:
    """float64: the rate of each step of an array; a number is that of all steps."""
    if not isinstance(schedule, LearningRateSchedule):
        return np.full(steps.shape, float(schedule))
    if type(schedule).__call__.__module__.startswith("nnkit."):
        return np.asarray(schedule(steps), float)
    values = []
    with np.errstate(divide="ignore"):  # As in 1 / sqrt(step), of which a smaller one is taken.
        for step in steps.reshape(-1):
            value = schedule(step)
            if checks.is_expression(value):  # Of one expression, the values for all steps at once.
                value = np.asarray(schedule(steps.astype(float)).eval(), float)
                return np.broadcast_to(value, steps.shape).copy()
            values.append(_number(schedule, step, value))
    return np.reshape(values, steps.shape).astype(float)


def _number(schedule: LearningRateSchedule, step: Any, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(
            f"{type(schedule).__name__}: the learning rate of step {step} must be a number, got "
            f"{value!r}"
        ) from None


def rate_or_schedule(owner: str, name: str, value: Any) -> float | LearningRateSchedule:
    """Check a learning rate: a number that is at least 0, a schedule, or a description of one."""
    if isinstance(value, (LearningRateSchedule, Mapping)):
        return get(value)
    if callable(value) or isinstance(value, Configurable):
        raise TypeError(
            f"{owner}: {name} must be a number or a schedule, got {value!r}; derive from "
            "nnkit.optimizers.schedules.LearningRateSchedule and define __call__(self, step), or, "
            "for a function of the epoch, give fit the callback "
            "nnkit.callbacks.LearningRateScheduler(function)"
        )
    return checks.number(owner, name, value, "[0, inf)")


def get(identifier: Any) -> LearningRateSchedule:
    """Find or make a schedule from a schedule or a configuration.

    Parameters
    ----------
    identifier : LearningRateSchedule or dict

    Returns
    -------
    LearningRateSchedule

    Raises
    ------
    ValueError
        No schedule has that name.
    TypeError
        ``identifier`` has another type.

    Examples
    --------
    >>> import nnkit
    >>> config = {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5}
    >>> made = nnkit.optimizers.schedules.get({"class_name": "ExponentialDecay", "config": config})
    >>> float(made(20))
    0.025
    """
    schedule: LearningRateSchedule = resolve("schedule", identifier)
    return schedule


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """A schedule as plain data, from which :func:`deserialize` makes another.

    Parameters
    ----------
    learning_rate_schedule : LearningRateSchedule

    Returns
    -------
    dict

    Examples
    --------
    >>> import nnkit
    >>> schedules = nnkit.optimizers.schedules
    >>> schedules.serialize(schedules.InverseTimeDecay(0.1, 1, 0.5))["class_name"]
    'InverseTimeDecay'
    """
    described: dict[str, Any] = to_plain(get(learning_rate_schedule))
    return described


def deserialize(
    config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> LearningRateSchedule:
    """Make a schedule from what :func:`serialize` returned, here or in Keras.

    Parameters
    ----------
    config : dict
    custom_objects : dict, optional
        Custom classes by name.

    Returns
    -------
    LearningRateSchedule

    Examples
    --------
    >>> import nnkit
    >>> schedules = nnkit.optimizers.schedules
    >>> schedules.deserialize(schedules.serialize(schedules.CosineDecay(0.1, 100))).decay_steps
    100.0
    """
    with known(custom_objects):
        return get(config)
