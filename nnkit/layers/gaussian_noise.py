"""GaussianNoise."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.random_layer import RandomLayer

__all__ = ["GaussianNoise"]


class GaussianNoise(RandomLayer):
    """Add normally distributed noise of mean 0 in training.

    Parameters
    ----------
    stddev : float
        Standard deviation of the noise, at least 0.
    seed : int, optional
        From 0 to 2**63 - 1; by default from :func:`nnkit.utils.set_random_seed`'s generator.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        ``stddev`` is not a number of at least 0, or ``seed`` is out of range.

    Notes
    -----
    Output of the input's shape; outside training the input itself. Backward: dy.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> noise = nnkit.layers.GaussianNoise(0.5, seed=1)(np.zeros((100, 100)), training=True)
    >>> round(float(noise.std()), 2)
    0.5
    """

    def __init__(self, stddev: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(seed, **options)
        self.stddev = checks.number("GaussianNoise", "stddev", stddev, "[0, inf)")

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """y = x + stddev n, with n drawn from a standard normal distribution."""
        if not training or self.stddev == 0:
            return x
        y = self.empty(x.shape)
        launch.gaussian_noise(x, self.stddev, self.key, self.counter, 0, y)
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx = dy."""
        return dy
