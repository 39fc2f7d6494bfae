"""Random numbers: in a ``call`` drawn anew in every step, elsewhere arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnkit import config, ops
from nnkit.backend.state import variable
from nnkit.engine.variable import Variable
from nnkit.initializers.random import truncated_normal as truncated
from nnkit.layers import Dropout
from nnkit.layers.drawn import drop, standard_normal
from nnkit.layers.nodes import Placeholder
from nnkit.symbolic.config import is_deriving
from nnkit.utils.random import next_seed

__all__ = [
    "dropout",
    "random_bernoulli",
    "random_binomial",
    "random_normal",
    "random_normal_variable",
    "random_uniform",
    "random_uniform_variable",
    "truncated_normal",
]

_TRIES = 6  # Numbers of which one is within two standard deviations but for once in 10**8.


def _normal(owner: str, shape: Any, dtype: str | None, seed: int | None) -> Any:
    if is_deriving():
        raise TypeError(
            f"{owner} in a loss, metric or regularizer would draw once, and not in every step; "
            "draw in a layer's call (or Lambda), and give the result on"
        )
    return standard_normal(owner, shape, dtype, seed)


def random_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: str | None = None,
    seed: int | None = None,
) -> Any:
    """Normally distributed numbers.

    Parameters
    ----------
    shape : sequence of int, or of sizes of placeholders
        ``(K.shape(x)[0], 2)`` in a ``call``.
    mean, stddev : float, array or placeholder
    dtype : str, optional
        By default that of the layer, or ``floatx``.
    seed : int, optional
        By default from :func:`nnkit.utils.set_random_seed`'s generator.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> from nnkit import backend as K
    >>> def sampling(inputs):
    ...     mean, log_variance = inputs
    ...     noise = K.random_normal((K.shape(mean)[0], 2))
    ...     return mean + K.exp(log_variance / 2) * noise
    >>> nnkit.layers.Lambda(sampling)([np.zeros((5, 2)), np.zeros((5, 2))]).shape
    (5, 2)
    """
    numbers = _normal("random_normal", shape, dtype, seed)
    plain = isinstance(stddev, (int, float)) and isinstance(mean, (int, float))
    if plain and stddev == 1 and mean == 0:
        return numbers
    return ops.add(ops.multiply(numbers, stddev), mean)


def random_uniform(
    shape: Any,
    minval: Any = 0.0,
    maxval: Any = 1.0,
    dtype: str | None = None,
    seed: int | None = None,
) -> Any:
    """Uniformly distributed numbers from ``minval`` to below ``maxval``.

    Parameters
    ----------
    shape
        See :func:`random_normal`.
    minval, maxval : float, array or placeholder
    dtype, seed
        See :func:`random_normal`.
    """
    numbers = _normal("random_uniform", shape, dtype, seed)
    shares = ops.erfc(ops.multiply(numbers, -math.sqrt(0.5))) / 2  # How many are below each.
    shares = ops.minimum(shares, 1 - 2.0**-24)
    if isinstance(minval, (int, float)) and isinstance(maxval, (int, float)):
        if (minval, maxval) == (0, 1):
            return shares
        return shares * (maxval - minval) + minval
    return ops.add(ops.multiply(shares, ops.subtract(maxval, minval)), minval)


def random_bernoulli(
    shape: Any, p: Any = 0.0, dtype: str | None = None, seed: int | None = None
) -> Any:
    """1 with probability p, else 0; see :func:`random_normal` for the other arguments."""
    uniform = random_uniform(shape, dtype=dtype, seed=seed)
    kind = uniform.dtype if isinstance(uniform, Placeholder) else dtype or config.floatx()
    return ops.cast(ops.less(uniform, p), str(kind))


def random_binomial(
    shape: Any, p: Any = 0.0, dtype: str | None = None, seed: int | None = None
) -> Any:
    """1 with probability p, else 0: another name of :func:`random_bernoulli`."""
    return random_bernoulli(shape, p, dtype, seed)


def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: str | None = None,
    seed: int | None = None,
) -> Any:
    """Normally distributed numbers within two standard deviations of the mean.

    Parameters
    ----------
    shape, mean, stddev, dtype, seed
        See :func:`random_normal`.
    """
    drawn = [_normal("truncated_normal", shape, dtype, seed) for _ in range(_TRIES)]
    if not isinstance(drawn[0], Placeholder):
        rng = np.random.Generator(np.random.PCG64(next_seed() if seed is None else seed))
        numbers: Any = truncated(rng, drawn[0].shape).astype(drawn[0].dtype)
    else:
        numbers = ops.clip(drawn[-1], -2.0, 2.0)
        for other in drawn[-2::-1]:
            numbers = ops.where(ops.less_equal(ops.abs(other), 2.0), other, numbers)
    return ops.add(ops.multiply(numbers, stddev), mean)


def random_normal_variable(
    shape: Any,
    mean: float,
    scale: float,
    dtype: str | None = None,
    name: str | None = None,
    seed: int | None = None,
) -> Variable:
    """A variable that begins with normally distributed numbers; ``scale`` is their deviation."""
    return variable(random_normal(shape, mean, scale, dtype, seed), dtype, name)


def random_uniform_variable(
    shape: Any,
    low: float,
    high: float,
    dtype: str | None = None,
    name: str | None = None,
    seed: int | None = None,
) -> Variable:
    """A variable that begins with uniformly distributed numbers."""
    return variable(random_uniform(shape, low, high, dtype, seed), dtype, name)


def dropout(x: Any, level: float, noise_shape: Any = None, seed: int | None = None) -> Any:
    """Elements set to 0 with a probability, and the others scaled by 1 / (1 - level): always.

    In a ``call``, ``in_train_phase`` restricts it to training; without, it drops in inference,
    too.

    Parameters
    ----------
    x : array or placeholder
    level : float
        The probability, from 0 to 1.
    noise_shape : tuple, optional
        See :class:`nnkit.layers.Dropout`.
    seed : int, optional
    """
    if is_deriving():
        raise TypeError("dropout in a loss would drop the same elements in each step; use a layer")
    if isinstance(x, Placeholder):
        return drop(x, level, noise_shape, seed)
    x = ops.convert_to_tensor(x)
    return Dropout(level, noise_shape, seed, dtype=str(x.dtype))(x, training=True)
