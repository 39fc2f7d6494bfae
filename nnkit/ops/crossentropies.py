"""How far predictions are from targets."""

from __future__ import annotations

from typing import Any

from nnkit import config
from nnkit.ops.naming import Expression, with_number
from nnkit.symbolic import tensor as T
from nnkit.symbolic.tensor import nnet
from nnkit.symbolic.tensor.math import floats
from nnkit.symbolic.tensor.shapes import normal_axis

__all__ = [
    "binary_crossentropy",
    "categorical_crossentropy",
    "psnr",
    "sparse_categorical_crossentropy",
]


def _clipped(p: Any) -> Any:
    """Probabilities from epsilon to 1 - epsilon."""
    return T.clip(p, *(with_number(p, v)[1] for v in (config.epsilon(), 1 - config.epsilon())))


def binary_crossentropy(
    target: Expression, output: Expression, from_logits: bool = False
) -> Expression:
    """-(t log(p) + (1 - t) log(1 - p)) for each element.

    Parameters
    ----------
    target : expression
    output : expression
        Probabilities, which are clipped by :func:`nnkit.config.epsilon`; or logits.
    from_logits : bool
    """
    output = floats(output)
    target = T.cast(T.as_tensor(target), output.dtype)
    if from_logits:
        return target * T.softplus(-output) + (1 - target) * T.softplus(output)
    p = _clipped(output)
    return -(target * T.log(p) + (1 - target) * T.log(1 - p))


def _logarithms(output: Any, from_logits: bool, axis: int) -> Any:
    output = floats(output)
    if from_logits:
        return nnet.logsoftmax(output, axis)
    return T.log(_clipped(output / T.sum(output, axis, keepdims=True)))


def categorical_crossentropy(
    target: Expression, output: Expression, from_logits: bool = False, axis: int = -1
) -> Expression:
    """-sum(t log(p)) along an axis.

    Parameters
    ----------
    target : expression
    output : expression
        Probabilities, which are divided by their sum and clipped by :func:`nnkit.config.epsilon`;
        or logits.
    from_logits : bool
    axis : int
        That of the classes.
    """
    return -T.sum(target * _logarithms(output, from_logits, axis), axis)


def sparse_categorical_crossentropy(
    target: Expression, output: Expression, from_logits: bool = False, axis: int = -1
) -> Expression:
    """-log(p[t]) for labels t; see :func:`categorical_crossentropy`."""
    logs = _logarithms(output, from_logits, axis)
    labels = T.cast(T.as_tensor(target), "int64")
    axis = normal_axis(axis, logs.ndim)
    if labels.ndim == logs.ndim:  # With an axis of size 1 in place of the classes.
        labels = labels[(*(slice(None),) * axis, 0)]
    places = [i if i < axis else i - 1 for i in range(logs.ndim)]
    spread = labels.dimshuffle(*("x" if i == axis else places[i] for i in range(logs.ndim)))
    classes = T.arange(logs.shape[axis])
    classes = classes.dimshuffle(*(0 if i == axis else "x" for i in range(logs.ndim)))
    return -T.sum(T.switch(T.eq(spread, classes), logs, 0), axis)


def psnr(x1: Expression, x2: Expression, max_val: float) -> Expression:
    """The peak signal-to-noise ratio in decibels: 10 log10(max_val^2 / mean((x1 - x2)^2))."""
    x1, most = with_number(x1, max_val)
    return 20 * T.log10(most) - 10 * T.log10(T.mean(T.sqr(x1 - x2)))
