"""Activations in extended precision, over all numbers of a type."""

import math

import numpy as np

Wide = np.longdouble
# Relative errors, of values and of gradients; what is denormal may lose its last bits.
TOLERANCE = {np.float32: 1.5e-5, np.float64: 2e-13}


def numbers(dtype):
    """All magnitudes and signs, zeros, and a fine grid where exponentials over- and underflow."""
    limits = np.finfo(dtype)
    size = np.geomspace(Wide(limits.smallest_subnormal), Wide(limits.max), 701).astype(dtype)
    fine = np.linspace(-800, 800, 8001) * (1 if dtype is np.float64 else 0.15)
    around_zero = np.linspace(-13, 13, 2001)
    zeros = [0.0, -0.0]
    x = np.concatenate([size, -size, fine, around_zero, zeros]).astype(dtype)
    return x, x.astype(Wide)


def _sigmoid(x):
    z = np.exp(-abs(x))
    return np.where(x >= 0, 1, z) / (1 + z)


def _sech2(x):
    return (2 * np.exp(-abs(x)) / (1 + np.exp(-2 * abs(x)))) ** 2


def _softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-abs(x)))


def _normal_cdf(x):
    below = [math.erfc(-float(v) / math.sqrt(2)) / 2 for v in x]
    return np.array(below, Wide)


def _gelu_tanh(x):
    root = np.sqrt(Wide(8) / np.pi)
    u = root * (x + Wide("0.044715") * x**3)
    slope = root * (1 + 3 * Wide("0.044715") * x**2)
    return x * _sigmoid(u), _sigmoid(u) + x * _sigmoid(u) * _sigmoid(-u) * slope


# Values and slopes.
EXACT = {
    "tanh": lambda x: (np.tanh(x), _sech2(x)),
    "sigmoid": lambda x: (_sigmoid(x), _sigmoid(x) * _sigmoid(-x)),
    "exponential": lambda x: (np.exp(x), np.exp(x)),
    "relu": lambda x: (np.where(x >= 0, x, x / 10), np.where(x >= 0, 1, Wide(1) / 10)),
    "elu": lambda x: (np.where(x > 0, x, 1.5 * np.expm1(x)), np.where(x > 0, 1, 1.5 * np.exp(x))),
    "silu": lambda x: (x * _sigmoid(x), _sigmoid(x) + x * _sigmoid(x) * _sigmoid(-x)),
    "softplus": lambda x: (_softplus(x), _sigmoid(x)),
    "softsign": lambda x: (x / (1 + abs(x)), 1 / (1 + abs(x)) ** 2),
    "hard_sigmoid": lambda x: (np.clip(x / 6 + 0.5, 0, 1), np.where(abs(x) < 3, Wide(1) / 6, 0)),
    "gelu": lambda x: (
        x * _normal_cdf(x),
        _normal_cdf(x) + x * np.exp(-(x**2) / 2) / np.sqrt(2 * Wide(math.pi)),
    ),
    "gelu_tanh": _gelu_tanh,
    "mish": lambda x: (
        x * np.tanh(_softplus(x)),
        np.tanh(_softplus(x)) + x * _sigmoid(x) * _sech2(_softplus(x)),
    ),
}


def assert_right(got, want, dtype, largest=0.0):
    """To the tolerance, relative to the number, to ``largest``, or to the smallest normal one."""
    rounded = want.astype(dtype)
    scale = np.maximum(np.maximum(abs(want), largest), Wide(np.finfo(dtype).tiny))
    wrong = ~((got == rounded) | (abs(got.astype(Wide) - want) <= TOLERANCE[dtype] * scale))
    assert not wrong.any(), (got[wrong][:5], rounded[wrong][:5])
