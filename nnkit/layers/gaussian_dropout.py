"""GaussianDropout."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.random_layer import RandomLayer

__all__ = ["GaussianDropout"]


class GaussianDropout(RandomLayer):
    """Multiply by normally distributed numbers of mean 1 in training.

    N. Srivastava et al., 2014, "Dropout: a simple way to prevent neural networks from overfitting",
    section 10.

    Parameters
    ----------
    rate : float
        From 0 to below 1: the standard deviation is ``sqrt(rate / (1 - rate))``, that of the
        factors of :class:`Dropout` with this rate.
    seed : int, optional
        From 0 to 2**63 - 1; by default from :func:`nnkit.utils.set_random_seed`'s generator.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        ``rate`` is not a number from 0 to below 1, or ``seed`` is out of range.

    Notes
    -----
    Output of the input's shape; outside training the input itself. Backward: dy times the same
    numbers.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> y = nnkit.layers.GaussianDropout(0.2, seed=1)(np.ones((100, 100)), training=True)
    >>> round(float(y.mean()), 2), round(float(y.std()), 2)
    (1.0, 0.5)
    """

    def __init__(self, rate: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(seed, **options)
        self.rate = checks.number("GaussianDropout", "rate", rate, "[0, 1)")

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """y = x f, with f drawn from a normal distribution of mean 1."""
        self.draws = training and self.rate > 0
        if not self.draws:
            return x
        ones, self.factor = self.empty(x.shape), self.empty(x.shape)
        launch.fill(1.0, ones)
        stddev = math.sqrt(self.rate / (1 - self.rate))
        launch.gaussian_noise(ones, stddev, self.key, self.counter, 0, self.factor)
        return self._multiplied(x)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx = dy f."""
        return self._multiplied(dy) if self.draws else dy

    def _multiplied(self, x: np.ndarray) -> np.ndarray:
        y = self.empty(x.shape)
        launch.multiply(x, self.factor, y)
        return y
