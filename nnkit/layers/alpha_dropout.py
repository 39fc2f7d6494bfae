"""AlphaDropout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.dropout import Dropout

__all__ = ["AlphaDropout"]

_LOWEST = -1.0507009873554805 * 1.6732632423543772  # What SELU gives for -infinity.


class AlphaDropout(Dropout):
    """Dropout after :class:`SELU`: in training it keeps mean 0 and variance 1.

    G. Klambauer et al., 2017, "Self-normalizing neural networks".

    Parameters
    ----------
    rate : float
        The fraction of elements to drop, from 0 to below 1.
    noise_shape : tuple of (int or None), optional
        The input's shape, the batch first, with 1 for axes whose elements are dropped together.
    seed : int, optional
        From 0 to 2**63 - 1; by default from :func:`nnkit.utils.set_random_seed`'s generator.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value; or, once the input's shape is known, ``noise_shape``
        doesn't fit that shape.

    Notes
    -----
    Output of the input's shape; outside training the input itself. What is dropped becomes l, the
    lowest number that SELU gives, -1.758...; then y = a x + b, with a = ((1 - rate) (1 + rate
    l^2))^-1/2 and b = -a l rate. Backward: dx = a dy where kept, else 0.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> x = np.random.default_rng(0).standard_normal((100, 100))
    >>> y = nnkit.layers.AlphaDropout(0.3, seed=1)(x, training=True)
    >>> abs(round(float(y.mean()), 1)), round(float(y.std()), 1)
    (0.0, 1.0)
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(rate, noise_shape, seed, **options)
        checks.number("AlphaDropout", "rate", rate, "[0, 1)")

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """y = a x + b where kept, else a l + b."""
        self.drops = training and self.rate > 0
        if not self.drops:
            return x
        above, y = self.empty(x.shape), self.empty(x.shape)
        launch.rescale(x, 1.0, -_LOWEST, above)
        # Dropout multiplies what it keeps by 1 / (1 - rate), and gives 0 where x is to be l.
        launch.rescale(self._drop(above), self._factor, self._slope * _LOWEST * (1 - self.rate), y)
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx = a dy where kept, else 0."""
        if not self.drops:
            return dy
        dx = self.empty(dy.shape)
        launch.scale(self._drop(dy), self._factor, dx)
        return dx

    @property
    def _slope(self) -> float:
        spread: float = (1 - self.rate) * (1 + self.rate * _LOWEST**2)
        return spread**-0.5

    @property
    def _factor(self) -> float:
        return self._slope * (1 - self.rate)
