"""Adafactor."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import empty, launch
from nnkit.engine.variable import Storage, Variable
from nnkit.optimizers.base import Optimizer, squares_of
from nnkit.optimizers.schedules.base import LearningRateSchedule

__all__ = ["Adafactor"]


class Adafactor(Optimizer):
    """Divide a matrix's gradient by the root of the means of its squares over rows and columns.

    N. Shazeer, M. Stern, 2018, "Adafactor: adaptive learning rates with sublinear memory cost". As
    in Keras, there is a slot of the weight's own size, too.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    beta_2_decay : float
        At most 0: in step t, the new squares are the part t^beta_2_decay of the means.
    epsilon_1 : float
        Greater than 0; added to squares of gradients.
    epsilon_2 : float
        Greater than 0; the least root mean square of a weight that a step is proportional to.
    clip_threshold : float
        Greater than 0; the largest root mean square of the divided gradient.
    relative_step : bool
        Accepted for Keras's sake: the rate is never more than 1 / sqrt(t), there and here.
    **options
        Arguments of :class:`Optimizer`: weight_decay and so on, also by position.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value.

    Notes
    -----
    In step t, with w a weight (a kernel, a bias), g its gradient, lr the learning rate and
    k = t^beta_2_decay; r, c and v are the slots ``"r"``, ``"c"``, ``"velocity"``. For a weight of
    two axes or more, whose last two are rows and columns::

        r += k (the mean over columns of (g^2 + epsilon_1) - r)
        c += k (the mean over rows of (g^2 + epsilon_1) - c)
        v = r c / the mean of r

    and for others v += k (g^2 + epsilon_1 - v). Then, with rms the root mean square::

        d = g / sqrt(v)
        w -= max(epsilon_2, rms(w)) min(lr, 1 / sqrt(t)) d / max(1, rms(d) / clip_threshold)

    A gradient whose square would overflow is limited to the largest number whose square does not,
    2^63 in float32.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.optimizers.Adafactor().slots
    ('r', 'c', 'velocity')
    """

    recordable = True

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        *arguments: Any,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, *arguments, **options)
        self.beta_2_decay = checks.number("Adafactor", "beta_2_decay", beta_2_decay, "(-inf, 0]")
        self.epsilon_1 = checks.number("Adafactor", "epsilon_1", epsilon_1, "(0, inf)")
        self.epsilon_2 = checks.number("Adafactor", "epsilon_2", epsilon_2, "(0, inf)")
        self.clip_threshold = checks.number(
            "Adafactor", "clip_threshold", clip_threshold, "(0, inf)"
        )
        self.relative_step = checks.flag("Adafactor", "relative_step", relative_step)
        self.slots = ("r", "c", "velocity")

    def slot_shape(self, slot: str, variable: Variable) -> tuple[int, ...]:
        """Of r without the columns, of c without the rows; one number where there are none."""
        *outer, columns = variable.shape or (1,)
        if not outer:
            return variable.shape if slot == "velocity" else ()
        return {"r": (*outer,), "c": (*outer[:-1], columns)}.get(slot, variable.shape)

    def update_all(
        self,
        storage: Storage,
        slots: dict[str, np.ndarray],
        rate: np.ndarray,
        iteration: np.ndarray,
    ) -> None:
        """One weight after the other, of several matrices one after the other."""
        numbers = empty((2,), np.float64)
        launch.adafactor_numbers(rate, iteration, self.beta_2_decay, numbers)
        views = [self.layout(storage, slot).views(slots[slot]) for slot in self.slots]
        for i, (r, c, v) in enumerate(zip(*views, strict=True)):
            gradient = storage.view(storage.gradients, i)
            direction = empty(gradient.shape, gradient.dtype)
            if gradient.ndim < 2:
                flat = (array.reshape(-1) for array in (gradient, v, direction))
                g, v, d = flat
                launch.adafactor_direction(g, numbers, self.epsilon_1, v, d)
            else:
                self._divide(gradient, numbers, r, c, v, direction)
            weight, step = storage.view(storage.values, i).reshape(-1), direction.reshape(-1)
            squares = squares_of(weight), squares_of(step)
            limits = self.epsilon_2, self.clip_threshold
            launch.adafactor_step(*squares, weight.size, numbers, *limits, step, weight)

    def _divide(
        self,
        gradient: np.ndarray,
        numbers: np.ndarray,
        r: np.ndarray,
        c: np.ndarray,
        v: np.ndarray,
        direction: np.ndarray,
    ) -> None:
        rows, columns = gradient.shape[-2:]
        squares = empty(gradient.shape, gradient.dtype)
        launch.scaled_squares(gradient, 1.0 / rows, squares)
        matrices = (a.reshape(-1, rows, columns) for a in (gradient, squares, v, direction))
        parts = (*matrices, r.reshape(-1, rows), c.reshape(-1, columns))
        for g, s, u, d, of_rows, of_columns in zip(*parts, strict=True):
            mean, middle = empty((columns,), g.dtype), empty((1,), g.dtype)
            launch.adafactor_rows(g, numbers, self.epsilon_1, of_rows)
            launch.sum_rows(s, 0, mean)
            launch.adafactor_columns(mean, numbers, self.epsilon_1, of_columns)
            launch.penalty_sum(of_rows, 1.0 / rows, middle)
            launch.adafactor_factored(g, of_rows, middle, of_columns, u, d)
