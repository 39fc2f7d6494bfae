"""Random numbers, with Keras's names.

``normal``, ``uniform``, ``truncated_normal`` and ``dropout`` also take placeholders or their sizes,
in the ``call`` of a layer: then numbers are drawn anew in every step. The others give arrays.

A ``seed`` is a whole number, which gives the same numbers each time; a :class:`SeedGenerator`,
which gives others each time; or None, for :func:`nnkit.utils.set_random_seed`'s generator.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit import backend, checks, config
from nnkit.conversion import to_numpy
from nnkit.layers.nodes import Placeholder, holds_placeholders
from nnkit.missing import missing
from nnkit.utils.random import next_seed

__all__ = [
    "SeedGenerator",
    "beta",
    "binomial",
    "categorical",
    "dropout",
    "gamma",
    "normal",
    "randint",
    "shuffle",
    "truncated_normal",
    "uniform",
]


class SeedGenerator:
    """Gives seeds, one after the other.

    Parameters
    ----------
    seed : int, optional
        From 0 to 2**63 - 1; by default from :func:`nnkit.utils.set_random_seed`'s generator.
    name : str, optional

    Examples
    --------
    >>> import nnkit
    >>> seeds = nnkit.random.SeedGenerator(7)
    >>> a, b = (nnkit.random.normal((2,), seed=seeds) for _ in range(2))
    >>> bool((a == b).any())
    False
    """

    def __init__(self, seed: int | None = None, name: str | None = None) -> None:
        given = checks.seed("SeedGenerator", seed)
        self.seed = next_seed() if given is None else given
        self.name = name or "seed_generator"
        self._generator = np.random.Generator(np.random.PCG64(self.seed))

    def next(self) -> int:
        """Another seed."""
        return int(self._generator.integers(2**63))

    def get_config(self) -> dict[str, Any]:
        """The seed."""
        return {"seed": self.seed}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        """Make a generator of what :meth:`get_config` returned."""
        return cls(**config)


Seed = int | SeedGenerator | None


def normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: str | None = None, seed: Seed = None
) -> Any:
    """Normally distributed numbers; as ``K.random_normal`` of :mod:`nnkit.backend`."""
    return backend.random_normal(shape, mean, stddev, dtype, _number(seed))


def uniform(
    shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: str | None = None, seed: Seed = None
) -> Any:
    """Uniformly distributed numbers from ``minval`` to below ``maxval``."""
    return backend.random_uniform(shape, minval, maxval, dtype, _number(seed))


def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: str | None = None, seed: Seed = None
) -> Any:
    """Normally distributed numbers within two standard deviations of the mean."""
    return backend.truncated_normal(shape, mean, stddev, dtype, _number(seed))


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Seed = None) -> Any:
    """Elements set to 0 with a probability, and the others scaled by 1 / (1 - rate)."""
    return backend.dropout(inputs, rate, noise_shape, _number(seed))


def randint(
    shape: Sequence[int], minval: int, maxval: int, dtype: str = "int32", seed: Seed = None
) -> np.ndarray:
    """Whole numbers from ``minval`` to below ``maxval``.

    Examples
    --------
    >>> import nnkit
    >>> sorted(set(nnkit.random.randint((100,), 3, 6).tolist()))
    [3, 4, 5]
    """
    low = checks.integer("randint", "minval", minval, -(2**63))
    high = checks.integer("randint", "maxval", maxval, -(2**63))
    if low >= high:
        raise ValueError(f"randint: maxval must be above minval, got {minval} and {maxval}")
    rng = _generator("randint", seed, shape)
    return rng.integers(low, high, _shape("randint", shape)).astype(dtype)


def categorical(
    logits: Any, num_samples: int, dtype: str = "int32", seed: Seed = None
) -> np.ndarray:
    """Class numbers (batch, num_samples), drawn by logits (batch, classes).

    Examples
    --------
    >>> import nnkit
    >>> nnkit.random.categorical([[0.0, 100.0, 0.0]], 4)
    array([[1, 1, 1, 1]], dtype=int32)
    """
    rng = _generator("categorical", seed, logits)
    found = to_numpy(logits, "logits").astype(np.float64)
    if found.ndim != 2:
        raise ValueError(f"categorical: logits must be (batch, classes), got {found.shape}")
    count = checks.integer("categorical", "num_samples", num_samples, 0)
    # The largest of logits and Gumbel noise (E. Gumbel, 1954).
    noise = rng.gumbel(size=(len(found), count, found.shape[1]))
    drawn: np.ndarray = (found[:, None] + noise).argmax(axis=2).astype(dtype)
    return drawn


def shuffle(x: Any, axis: int = 0, seed: Seed = None) -> np.ndarray:
    """An array in another order along an axis."""
    rng = _generator("shuffle", seed, x)
    return rng.permutation(to_numpy(x, "x"), axis=axis)


def gamma(
    shape: Sequence[int], alpha: Any, dtype: str | None = None, seed: Seed = None
) -> np.ndarray:
    """Numbers of gamma distributions with shape ``alpha`` and scale 1."""
    rng = _generator("gamma", seed, [shape, alpha])
    drawn = rng.standard_gamma(_positive("gamma", "alpha", alpha), _shape("gamma", shape))
    return drawn.astype(dtype or config.floatx())


def beta(
    shape: Sequence[int], alpha: Any, beta: Any, dtype: str | None = None, seed: Seed = None
) -> np.ndarray:
    """Numbers of beta distributions, from 0 to 1."""
    rng = _generator("beta", seed, [shape, alpha, beta])
    parameters = _positive("beta", "alpha", alpha), _positive("beta", "beta", beta)
    return rng.beta(*parameters, _shape("beta", shape)).astype(dtype or config.floatx())


def binomial(
    shape: Sequence[int],
    counts: Any,
    probabilities: Any,
    dtype: str | None = None,
    seed: Seed = None,
) -> np.ndarray:
    """How many of ``counts`` trials succeed, each with a probability."""
    rng = _generator("binomial", seed, [shape, counts, probabilities])
    numbers, shares = to_numpy(counts, "counts"), to_numpy(probabilities, "probabilities")
    if (numbers < 0).any() or not ((shares >= 0) & (shares <= 1)).all():
        raise ValueError(
            f"binomial: counts must be at least 0, and probabilities from 0 to 1, got {counts!r} "
            f"and {probabilities!r}"
        )
    drawn = rng.binomial(numbers.astype(np.int64), shares, _shape("binomial", shape))
    return np.asarray(drawn, dtype or config.floatx())


def _number(seed: Seed) -> int | None:
    return seed.next() if isinstance(seed, SeedGenerator) else checks.seed("random", seed)


def _generator(owner: str, seed: Seed, given: Any) -> np.random.Generator:
    inner = given if isinstance(given, (list, tuple)) else [given]
    if holds_placeholders({"x": list(inner)}) or any(isinstance(g, Placeholder) for g in inner):
        raise TypeError(
            f"{owner} gives arrays and takes no placeholders; in a call draw with normal, uniform, "
            "truncated_normal or dropout"
        )
    number = _number(seed)
    return np.random.Generator(np.random.PCG64(next_seed() if number is None else number))


def _shape(owner: str, shape: Any) -> tuple[int, ...]:
    return tuple(checks.integer(owner, "shape", n, 0) for n in shape)


def _positive(owner: str, name: str, value: Any) -> np.ndarray:
    found = to_numpy(value, name)
    if not (found > 0).all():
        raise ValueError(f"{owner}: {name} must be above 0, got {value!r}")
    return found


if not TYPE_CHECKING:  # With a __getattr__, type checkers accept any name.
    __getattr__ = missing(__name__)
