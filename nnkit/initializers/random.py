"""Initializers with random values."""

from __future__ import annotations

import math

import numpy as np

from nnkit import checks
from nnkit.initializers.base import Initializer
from nnkit.utils.random import next_seed

__all__ = [
    "Orthogonal",
    "RandomInitializer",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "truncated_normal",
]


class RandomInitializer(Initializer, abstract=True):
    """Base of random initializers: a subclass defines ``draw``."""

    def __init__(self, seed: int | None = None) -> None:
        self.seed = checks.seed(type(self).__name__, seed)

    def __call__(self, shape: tuple[int, ...], dtype: str = "float32") -> np.ndarray:
        seed = next_seed() if self.seed is None else self.seed
        rng = np.random.Generator(np.random.PCG64(seed))
        return self.draw(rng, tuple(shape)).astype(dtype, copy=False)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Draw float64 values from a generator."""
        raise TypeError(f"{type(self).__name__} must define draw(self, rng, shape)")


class RandomNormal(RandomInitializer):
    """Draw from a normal distribution.

    Parameters
    ----------
    mean : float
    stddev : float
        At least 0.
    seed : int, optional

    Examples
    --------
    >>> import nnkit
    >>> nnkit.initializers.RandomNormal(seed=1)((2,))
    array([0.01727921, 0.04108091], dtype=float32)
    """

    aliases = ("normal",)

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.mean = checks.number(type(self).__name__, "mean", mean)
        self.stddev = checks.number(type(self).__name__, "stddev", stddev, "[0, inf)")

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return rng.normal(self.mean, self.stddev, shape)


class TruncatedNormal(RandomNormal):
    """Draw from a normal distribution, again if a value is further than ``2 stddev`` from the mean.

    The result has a standard deviation of 0.88 ``stddev``.

    Parameters
    ----------
    mean : float
    stddev : float
        Standard deviation of the distribution before truncation, at least 0.
    seed : int, optional

    Examples
    --------
    >>> import nnkit
    >>> values = nnkit.initializers.TruncatedNormal(stddev=1.0)((1000,))
    >>> bool(abs(values).max() <= 2)
    True
    """

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return self.mean + self.stddev * truncated_normal(rng, shape)


class RandomUniform(RandomInitializer):
    """Draw from a uniform distribution from ``minval`` to ``maxval``.

    Parameters
    ----------
    minval, maxval : float
        ``minval`` must not be greater than ``maxval``.
    seed : int, optional

    Examples
    --------
    >>> import nnkit
    >>> nnkit.initializers.RandomUniform(seed=1)((2,))
    array([0.00118216, 0.04504637], dtype=float32)
    """

    aliases = ("uniform",)

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
    ) -> None:
        super().__init__(seed)
        self.minval = checks.number("RandomUniform", "minval", minval)
        self.maxval = checks.number("RandomUniform", "maxval", maxval)
        if self.minval > self.maxval:
            raise ValueError(f"RandomUniform: minval {minval} is greater than maxval {maxval}")

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return rng.uniform(self.minval, self.maxval, shape)


class Orthogonal(RandomInitializer):
    """A matrix with orthonormal columns (or rows, if it has fewer rows), times ``gain``.

    It is Q of the QR decomposition of a normal matrix, each column times the sign of R's diagonal,
    which makes Q uniform among the orthogonal matrices (F. Mezzadri, 2007, "How to generate random
    matrices from the classical compact groups"). A weight of higher rank is treated as a matrix
    with its last axis as columns, and all other axes joined as rows.

    Parameters
    ----------
    gain : float
    seed : int, optional

    Raises
    ------
    ValueError
        Raised by a call with a shape of fewer than two axes.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> q = nnkit.initializers.Orthogonal()((4, 3))
    >>> np.allclose(q.T @ q, np.eye(3), atol=1e-6)
    True
    """

    aliases = ("OrthogonalInitializer",)

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        super().__init__(seed)
        self.gain = checks.number("Orthogonal", "gain", gain)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        if len(shape) < 2:
            raise ValueError(f"Orthogonal makes weights of two axes or more, not of shape {shape}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        normal = rng.standard_normal((max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(normal)
        q *= np.sign(np.diag(r))
        return self.gain * (q.T if rows < columns else q).reshape(shape)


def truncated_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Draw from a standard normal distribution, again if a value is not in [-2, 2]."""
    values = rng.standard_normal(shape)
    beyond = np.abs(values) > 2
    while beyond.any():
        values[beyond] = rng.standard_normal(np.count_nonzero(beyond))
        beyond = np.abs(values) > 2
    return values
