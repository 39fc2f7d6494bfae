"""Special functions of arrays: the error function, the gamma function and its logarithm's slope."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

__all__ = ["erf", "erfc", "gamma", "gammaln", "psi", "tri_gamma"]


def _mapped(function: Callable[[float], float]) -> Callable[[np.ndarray], np.ndarray]:
    """A function of numbers for each element of an array, in its data type."""

    def apply(x: np.ndarray) -> np.ndarray:
        flat = (function(value) for value in x.ravel().tolist())
        return np.fromiter(flat, x.dtype, x.size).reshape(x.shape)

    return apply


def _gamma(x: float) -> float:
    try:
        return math.gamma(x)
    except ValueError:  # At a pole.
        return math.copysign(math.inf, x) if x == 0 else math.nan
    except OverflowError:
        return math.inf


def _gammaln(x: float) -> float:
    try:
        return math.lgamma(x)
    except (ValueError, OverflowError):
        return math.inf


erf = _mapped(math.erf)
erfc = _mapped(math.erfc)
gamma = _mapped(_gamma)
gammaln = _mapped(_gammaln)

# Bernoulli numbers B2, B4, ... of the asymptotic series.
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)
_FAR = 10.0


def psi(x: np.ndarray) -> np.ndarray:
    """The derivative of ln gamma: by its asymptotic series, far enough to the right."""
    z = x.astype(np.float64)
    left = z < 0
    # Reflection: psi(x) = psi(1 - x) - pi / tan(pi x).
    reflected = np.where(left, -np.pi / np.tan(np.pi * z), 0)
    z = np.where(left, 1 - z, z)
    steps = np.zeros_like(z)
    for _ in range(int(_FAR)):  # psi(x) = psi(x + 1) - 1 / x.
        near = z < _FAR
        steps -= np.where(near, 1 / z, 0)
        z = np.where(near, z + 1, z)
    series = sum(b / (2 * k * z ** (2 * k)) for k, b in enumerate(_BERNOULLI, 1))
    result = reflected + steps + np.log(z) - 1 / (2 * z) - series
    return np.asarray(result).astype(x.dtype)


def tri_gamma(x: np.ndarray) -> np.ndarray:
    """The derivative of psi."""
    z = x.astype(np.float64)
    left = z < 0
    reflected = np.where(left, (np.pi / np.sin(np.pi * z)) ** 2, 0)
    z = np.where(left, 1 - z, z)
    steps = np.zeros_like(z)
    for _ in range(int(_FAR)):
        near = z < _FAR
        steps += np.where(near, 1 / z**2, 0)
        z = np.where(near, z + 1, z)
    series = sum(b / z ** (2 * k + 1) for k, b in enumerate(_BERNOULLI, 1))
    result = steps + 1 / z + 1 / (2 * z**2) + series
    return np.asarray(np.where(left, reflected - result, result)).astype(x.dtype)
