"""PiecewiseConstantDecay."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.optimizers.schedules.base import LearningRateSchedule

__all__ = ["PiecewiseConstantDecay"]


class PiecewiseConstantDecay(LearningRateSchedule):
    """One learning rate up to each boundary, and a last one beyond them.

    Parameters
    ----------
    boundaries : list of int
        Steps in increasing order. The step that is a boundary, counted from 0, still has the rate
        before it.
    values : list of float
        The rates, one more than boundaries, each at least 0.
    name : str

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Examples
    --------
    >>> import nnkit
    >>> schedule = nnkit.optimizers.schedules.PiecewiseConstantDecay([2, 5], [0.1, 0.01, 0.001])
    >>> [float(schedule(step)) for step in (0, 2, 3, 5, 6)]
    [0.1, 0.1, 0.01, 0.01, 0.001]
    """

    def __init__(
        self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant"
    ) -> None:
        owner = type(self).__name__
        self.boundaries = increasing(owner, "boundaries", boundaries)
        self.values = [checks.number(owner, "values", value, "[0, inf)") for value in values]
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                f"{owner}: values has one number more than boundaries, got {len(self.values)} for "
                f"{len(self.boundaries)}"
            )
        self.name = name

    def __call__(self, step: Any) -> Any:
        """The learning rate of a step, or of an array of steps."""
        return np.asarray(self.values)[np.searchsorted(self.boundaries, step, side="left")]


def increasing(owner: str, name: str, given: Sequence[float]) -> list[float]:
    """Check a list of steps: numbers that are at least 0, each larger than the one before it."""
    if isinstance(given, (str, bytes)) or not hasattr(given, "__iter__"):
        raise TypeError(f"{owner}: {name} must be a list of steps, got {given!r}")
    steps = [checks.number(owner, name, step, "[0, inf)") for step in given]
    if any(b <= a for a, b in itertools.pairwise(steps)):
        raise ValueError(f"{owner}: {name} must be in increasing order, got {list(given)}")
    return [int(step) if step.is_integer() else step for step in steps]
