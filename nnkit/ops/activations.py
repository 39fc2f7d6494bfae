"""Activation functions."""

from __future__ import annotations

import math

from nnkit.ops.naming import Expression, one
from nnkit.symbolic import tensor as T
from nnkit.symbolic.tensor import nnet
from nnkit.symbolic.tensor.math import floats

__all__ = [
    "elu",
    "gelu",
    "hard_sigmoid",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "swish",
]

sigmoid = one(T.sigmoid, "sigmoid", "1 / (1 + exp(-x)).")
log_sigmoid = one(lambda x: -T.softplus(-x), "log_sigmoid", "log(sigmoid(x)), never infinite.")
softplus = one(T.softplus, "softplus", "log(1 + exp(x)).")
softsign = one(nnet.softsign, "softsign", "x / (1 + abs(x)).")
silu = one(lambda x: x * T.sigmoid(x), "silu", "x sigmoid(x).")
swish = silu
selu = one(nnet.selu, "selu", "The scaled exponential linear unit.")
relu = one(nnet.relu, "relu", "max(x, 0).")
relu6 = one(lambda x: T.clip(x, 0, 6), "relu6", "x clipped to [0, 6].")
hard_sigmoid = one(
    lambda x: T.clip(x / 6 + 0.5, 0, 1), "hard_sigmoid", "x / 6 + 0.5, clipped to [0, 1]."
)


def leaky_relu(x: Expression, negative_slope: float = 0.2) -> Expression:
    """x where x >= 0, else ``negative_slope x``."""
    x, slope = _with_number(x, negative_slope)
    return T.switch(x >= 0, x, slope * x)


def elu(x: Expression, alpha: float = 1.0) -> Expression:
    """x where x >= 0, else ``alpha (exp(x) - 1)``."""
    return nnet.elu(*_with_number(x, alpha))


def gelu(x: Expression, approximate: bool = True) -> Expression:
    """x times the normal distribution function of x; by default its approximation with tanh."""
    if not approximate:
        x, root = _with_number(x, -math.sqrt(0.5))
        return x * (T.erfc(root * x) / 2)  # Not 1 + erf, which cancels.
    root = math.sqrt(8 / math.pi)
    x, first = _with_number(x, root)
    x, third = _with_number(x, root * 0.044715)
    at = T.clip(x, -32, 32)  # For larger sizes, the sigmoid is 0 or 1.
    return x * T.sigmoid(at * (first + third * at * at))


def softmax(x: Expression, axis: int = -1) -> Expression:
    """exp(x), divided by its sum along an axis."""
    return nnet.softmax(x, axis)


def log_softmax(x: Expression, axis: int = -1) -> Expression:
    """log(softmax(x)), never infinite."""
    return nnet.logsoftmax(x, axis)


def _with_number(x: Expression, value: float) -> tuple[Expression, Expression]:
    """x as floats, and a number in x's data type, so that the result's type isn't wider."""
    x = floats(x)
    return x, T.constant(value, dtype=x.dtype) if isinstance(value, (int, float)) else value
