"""LBFGS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from nnkit import checks
from nnkit.engine.mirrors import writing
from nnkit.engine.variable import Storage
from nnkit.optimizers.base import Optimizer

__all__ = ["LBFGS", "Point"]

_ENOUGH, _FLAT = 1e-4, 0.9  # Of the strong Wolfe conditions: Nocedal and Wright's numbers.


class Point(NamedTuple):
    """A step's length along a direction, and what the loss is there.

    Attributes
    ----------
    at : float
    loss : float
    slope : float
        Along the direction.
    gradient : numpy.ndarray
        float64, of all weights.
    """

    at: float
    loss: float
    slope: float
    gradient: np.ndarray


class LBFGS(Optimizer):
    """L-BFGS: a quasi-Newton method for data of which all is one batch.

    Each step goes along a direction that the last gradients say, as far as a line search finds good
    (the strong Wolfe conditions), which computes the loss and its gradient several times. Give
    ``fit`` all data at once: ``model.fit(x, y, batch_size=len(x), epochs=100)`` does 100 steps.
    Results are those of the weights after the step.

    Parameters
    ----------
    history : int
        How many of the last steps make the direction: as many times two vectors of the size of all
        weights are kept.
    max_evaluations : int
        How often a step may compute the loss at most, at least 2.
    name : str, optional

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; when it trains: the data is more than one batch, a
        layer keeps states, or a weight has a constraint.

    Notes
    -----
    J. Nocedal, S. Wright, 2006, "Numerical Optimization", algorithms 3.5, 3.6 and 7.4. With the
    steps s and the differences y of gradients, newest first: q = g; a_i = s_i q / (s_i y_i), and q
    becomes q - a_i y_i; then q is multiplied by s y / (y y) of the newest; and oldest first q
    becomes q + (a_i - y_i q / (s_i y_i)) s_i; the direction is -q. It is computed in float64. The
    first step has at most the length 1 / (the sum of abs g). Layers such as Dropout draw the same
    numbers in all evaluations of a step; the running statistics of BatchNormalization follow each
    of them. Where no point is better, at the end of what rounding allows, the weights stay.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> x = np.linspace(-1, 1, 50)[:, None]
    >>> nnkit.utils.set_random_seed(1)
    >>> layers = [nnkit.layers.Dense(8, activation="tanh"), nnkit.layers.Dense(1)]
    >>> model = nnkit.Sequential([nnkit.Input((1,)), *layers])
    >>> model.compile(nnkit.optimizers.LBFGS(), "mse")
    >>> losses = model.fit(x, np.sin(3 * x), batch_size=50, epochs=99, verbose=0).history["loss"]
    >>> losses[-1] < 1e-3
    True
    """

    recordable = True
    searches = True
    settled = (
        "learning_rate",
        "weight_decay",
        "clipnorm",
        "clipvalue",
        "global_clipnorm",
        "use_ema",
        "ema_momentum",
        "ema_overwrite_frequency",
        "loss_scale_factor",
        "gradient_accumulation_steps",
        "decay",
    )

    def __init__(
        self, history: int = 10, max_evaluations: int = 25, name: str | None = None
    ) -> None:
        super().__init__(1.0, name=name)
        self.history = checks.integer("LBFGS", "history", history)
        self.max_evaluations = checks.integer("LBFGS", "max_evaluations", max_evaluations, 2)
        self.slots = tuple(f"{kind}_{i}" for kind in ("step", "change") for i in range(history))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; there is no learning rate."""
        config = super().get_config()
        del config["learning_rate"]
        return config

    def apply(
        self,
        storage: Storage,
        slots: dict[str, np.ndarray],
        rate: np.ndarray,
        iteration: np.ndarray,
    ) -> None:
        """Nothing: a recorded step computes the loss and the gradients, :meth:`search` moves."""

    def search(
        self,
        evaluate: Callable[[], tuple[float, np.ndarray]],
        storage: Storage,
        slots: dict[str, np.ndarray],
        number: int,
    ) -> None:
        """One step.

        Parameters
        ----------
        evaluate : callable
            ``evaluate()`` gives the loss at the weights in ``storage``, and its gradient, float64.
        storage : Storage
        slots : dict of str to numpy.ndarray
        number : int
            Of the step, counted from 0.
        """
        start = writing(storage.trainable).astype(np.float64)
        loss, gradient = evaluate()
        if not gradient.any():
            return
        kept = {name: writing(slots[name]) for name in self.slots}
        pairs = self._pairs(kept, number)
        found = None
        for known in (pairs, []) if pairs else ([],):
            direction = -_inverse_times(gradient, known)
            slope = float(direction @ gradient)
            if slope < 0:  # Otherwise what is known is of another function.
                first = 1.0 if known else min(1.0, 1.0 / float(np.abs(gradient).sum()))
                here = Point(0.0, loss, slope, gradient)
                found = self._line(evaluate, storage, start, direction, here, first)
            if found is not None:
                break
        place = number % self.history
        if found is None:
            writing(storage.trainable)[...] = start
            evaluate()  # What is reported is of these weights.
            kept[f"step_{place}"].fill(0)
            return
        step = writing(storage.trainable) - start
        change = found.gradient - gradient
        usual = float(step @ change) > 1e-10 * float(change @ change)
        kept[f"step_{place}"][...] = step if usual else 0
        kept[f"change_{place}"][...] = change

    def _pairs(
        self, kept: dict[str, np.ndarray], number: int
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """The last steps and changes of the gradient, newest first."""
        pairs = []
        for i in range(1, self.history + 1):
            place = (number - i) % self.history
            pair = kept[f"step_{place}"], kept[f"change_{place}"]
            if pair[0].any():
                pairs.append((pair[0].astype(np.float64), pair[1].astype(np.float64)))
        return pairs

    def _line(
        self,
        evaluate: Callable[[], tuple[float, np.ndarray]],
        storage: Storage,
        start: np.ndarray,
        direction: np.ndarray,
        here: Point,
        at: float,
    ) -> Point | None:
        """A point along the direction that meets the strong Wolfe conditions, or a better one."""

        def point(at: float) -> Point:
            weights = writing(storage.trainable)
            weights[...] = start + at * direction
            loss, gradient = evaluate()
            if not np.isfinite(loss):
                return Point(at, np.inf, np.inf, gradient)
            return Point(at, loss, float(gradient @ direction), gradient)

        low, high = here, None
        best = here
        tried = here
        for _ in range(self.max_evaluations):
            tried = point(at)
            best = min(best, tried, key=lambda p: p.loss)
            enough = tried.loss <= here.loss + _ENOUGH * tried.at * here.slope
            if enough and abs(tried.slope) <= -_FLAT * here.slope:
                return tried
            if not enough or tried.loss >= low.loss:
                high = tried
            else:
                if tried.slope * ((high.at - low.at) if high else 1.0) >= 0:
                    high = low
                low = tried
            at = 2 * tried.at if high is None else _between(low, high)
        if best is here:
            return None
        return best if best is tried else point(best.at)


def _between(low: Point, high: Point) -> float:
    """Where a cubic through both has its least value, well within them; else the middle."""
    middle, width = (low.at + high.at) / 2, abs(high.at - low.at)
    if not np.isfinite(high.loss):
        return middle
    d1 = low.slope + high.slope - 3 * (low.loss - high.loss) / (low.at - high.at)
    inner = d1 * d1 - low.slope * high.slope
    if inner < 0:
        return middle
    d2 = np.sign(high.at - low.at) * np.sqrt(inner)
    below = high.slope - low.slope + 2 * d2
    if below == 0:
        return middle
    at = high.at - (high.at - low.at) * (high.slope + d2 - d1) / below
    near = min(low.at, high.at) + 0.1 * width
    return float(at) if near <= at <= near + 0.8 * width else middle


def _inverse_times(gradient: np.ndarray, pairs: list[Any]) -> np.ndarray:
    """The inverse of the Hessian, as the pairs know it, times a vector."""
    q, factors = gradient.copy(), []
    for step, change in pairs:
        factor = float(step @ q) / float(step @ change)
        factors.append(factor)
        q -= factor * change
    if pairs:
        step, change = pairs[0]
        q *= float(step @ change) / float(change @ change)
    for (step, change), factor in zip(pairs[::-1], factors[::-1], strict=True):
        q += (factor - float(change @ q) / float(step @ change)) * step
    return q
