"""Activation functions."""

from __future__ import annotations

import math

from nnkit.ops.naming import Expression, one, with_number
from nnkit.symbolic import tensor as T
from nnkit.symbolic.tensor import nnet
from nnkit.symbolic.tensor.math import floats
from nnkit.symbolic.tensor.shapes import normal_axis

__all__ = [
    "celu",
    "elu",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh_shrink",
    "threshold",
]

sigmoid = one(T.sigmoid, "sigmoid", "1 / (1 + exp(-x)).")
log_sigmoid = one(lambda x: -T.softplus(-x), "log_sigmoid", "log(sigmoid(x)), never infinite.")
softplus = one(T.softplus, "softplus", "log(1 + exp(x)).")
softsign = one(nnet.softsign, "softsign", "x / (1 + abs(x)).")
silu = one(lambda x: x * T.sigmoid(x), "silu", "x sigmoid(x).")
swish = silu
selu = one(nnet.selu, "selu", "The scaled exponential linear unit.")
relu = one(nnet.relu, "relu", "max(x, 0).")
relu6 = one(lambda x: T.switch(x <= 0, 0, T.switch(x >= 6, 6, x)), "relu6", "x clipped to [0, 6].")


def _hard_sigmoid(x: Expression) -> Expression:
    """Its slope is 0 at both ends, too, as that of the layer."""
    x = floats(x)
    return T.switch(x <= -3, 0, T.switch(x >= 3, 1, x / 6 + 0.5))


hard_sigmoid = one(_hard_sigmoid, "hard_sigmoid", "x / 6 + 0.5, clipped to [0, 1].")
hard_tanh = one(lambda x: T.clip(x, -1, 1), "hard_tanh", "x clipped to [-1, 1].")
hard_silu = one(lambda x: x * _hard_sigmoid(x), "hard_silu", "x hard_sigmoid(x), also hard_swish.")
hard_swish = hard_silu
tanh_shrink = one(lambda x: x - T.tanh(x), "tanh_shrink", "x - tanh(x).")
sparse_plus = one(
    lambda x: T.switch(x <= -1, 0, T.switch(x < 1, T.sqr(x + 1) / 4, x)),
    "sparse_plus",
    "0 for x <= -1, x for x >= 1, and (x + 1)^2 / 4 between.",
)
sparse_sigmoid = one(
    lambda x: T.clip((x + 1) / 2, 0, 1), "sparse_sigmoid", "(x + 1) / 2, clipped to [0, 1]."
)


def celu(x: Expression, alpha: float = 1.0) -> Expression:
    """max(x, 0) + min(alpha (exp(x / alpha) - 1), 0): an elu with a continuous slope."""
    x, alpha = with_number(x, alpha)
    return T.maximum(x, 0) + alpha * T.expm1(T.minimum(x, 0) / alpha)


def glu(x: Expression, axis: int = -1) -> Expression:
    """The first half of an axis times the sigmoid of the second; its size must be even."""
    x = floats(x)
    axis = normal_axis(axis, x.ndim)
    half = x.shape[axis] // 2
    before = (slice(None),) * axis
    return x[(*before, slice(None, half))] * T.sigmoid(x[(*before, slice(half, None))])


def hard_shrink(x: Expression, threshold: float = 0.5) -> Expression:
    """x where ``abs(x) > threshold``, else 0."""
    x, threshold = with_number(x, threshold)
    return T.switch(T.abs_(x) > threshold, x, 0)


def soft_shrink(x: Expression, threshold: float = 0.5) -> Expression:
    """x moved by ``threshold`` towards 0, and 0 where it is nearer."""
    x, threshold = with_number(x, threshold)
    return T.maximum(x - threshold, 0) + T.minimum(x + threshold, 0)


def squareplus(x: Expression, b: float = 4) -> Expression:
    """(x + sqrt(x^2 + b)) / 2, a smooth max(x, 0)."""
    x, b = with_number(x, b)
    return (x + T.sqrt(T.sqr(x) + b)) / 2


def threshold(x: Expression, threshold: float, default_value: float) -> Expression:
    """x where ``x > threshold``, else ``default_value``."""
    x, bound = with_number(x, threshold)
    return T.switch(x > bound, x, with_number(x, default_value)[1])


def sparsemax(x: Expression, axis: int = -1) -> Expression:
    """The nearest probabilities to x along an axis; unlike those of softmax, many are 0.

    A. Martins, R. Astudillo, 2016, "From softmax to sparsemax".
    """
    x = floats(x)
    axis = normal_axis(axis, x.ndim)
    descending = -T.sort(-x, axis)
    numbers = T.arange(1, x.shape[axis] + 1)
    numbers = numbers.dimshuffle(*(0 if i == axis else "x" for i in range(x.ndim)))
    sums = T.cumsum(descending, axis)
    inside = 1 + numbers.astype(x.dtype) * descending > sums
    count = T.cast(T.sum(inside, axis, keepdims=True), x.dtype)
    total = T.sum(T.switch(inside, descending, 0), axis, keepdims=True)
    return T.maximum(x - (total - 1) / count, 0)


def leaky_relu(x: Expression, negative_slope: float = 0.2) -> Expression:
    """x where x >= 0, else ``negative_slope x``."""
    x, slope = with_number(x, negative_slope)
    return T.switch(x >= 0, x, slope * x)


def elu(x: Expression, alpha: float = 1.0) -> Expression:
    """x where x >= 0, else ``alpha (exp(x) - 1)``."""
    return nnet.elu(*with_number(x, alpha))


def gelu(x: Expression, approximate: bool = True) -> Expression:
    """x times the normal distribution function of x; by default its approximation with tanh."""
    if not approximate:
        x, root = with_number(x, -math.sqrt(0.5))
        return x * (T.erfc(root * x) / 2)  # Not 1 + erf, which cancels.
    root = math.sqrt(8 / math.pi)
    x, first = with_number(x, root)
    x, third = with_number(x, root * 0.044715)
    at = T.clip(x, -32, 32)  # For larger sizes, the sigmoid is 0 or 1.
    return x * T.sigmoid(at * (first + third * at * at))


def softmax(x: Expression, axis: int = -1) -> Expression:
    """exp(x), divided by its sum along an axis."""
    return nnet.softmax(x, axis)


def log_softmax(x: Expression, axis: int = -1) -> Expression:
    """log(softmax(x)), never infinite."""
    return nnet.logsoftmax(x, axis)
