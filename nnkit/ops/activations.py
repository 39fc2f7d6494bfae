"""Activations."""

from __future__ import annotations

import math

from nnkit.ops.naming import Expression, one
from nnkit.symbolic import tensor as T
from nnkit.symbolic.tensor import nnet

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
relu6 = one(lambda x: T.clip(x, 0, 6), "relu6", "x limited to 0 to 6.")
hard_sigmoid = one(
    lambda x: T.clip(x / 6 + 0.5, 0, 1), "hard_sigmoid", "x / 6 + 0.5, limited to 0 to 1."
)


def leaky_relu(x: Expression, negative_slope: float = 0.2) -> Expression:
    """x, where negative times ``negative_slope``."""
    return T.switch(x > 0, x, negative_slope * x)


def elu(x: Expression, alpha: float = 1.0) -> Expression:
    """x, where negative ``alpha (exp(x) - 1)``."""
    return nnet.elu(x, alpha)


def gelu(x: Expression, approximate: bool = True) -> Expression:
    """x times the normal distribution function of x; by default its approximation with tanh."""
    if approximate:
        return 0.5 * x * (1 + T.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))
    return 0.5 * x * (1 + T.erf(x * math.sqrt(0.5)))


def softmax(x: Expression, axis: int = -1) -> Expression:
    """exp(x), divided by its sum along an axis."""
    return nnet.softmax(x, axis)


def log_softmax(x: Expression, axis: int = -1) -> Expression:
    """log(softmax(x)), never infinite."""
    return nnet.logsoftmax(x, axis)
