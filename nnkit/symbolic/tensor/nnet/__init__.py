"""``T.nnet``: the functions that networks are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit.symbolic.graph import Variable, describe
from nnkit.symbolic.op import Gradients, Op, Variables
from nnkit.symbolic.tensor.formulas import abs_, eq, expm1, log, maximum, sigmoid, softplus
from nnkit.symbolic.tensor.joining import concatenate
from nnkit.symbolic.tensor.linear import dot
from nnkit.symbolic.tensor.making import arange
from nnkit.symbolic.tensor.math import cast, clip, floats, switch
from nnkit.symbolic.tensor.nnet import bn, conv
from nnkit.symbolic.tensor.nnet.bn import (
    batch_normalization,
    batch_normalization_test,
    batch_normalization_train,
)
from nnkit.symbolic.tensor.nnet.conv import conv2d, conv2d_transpose
from nnkit.symbolic.tensor.picking import unique
from nnkit.symbolic.tensor.scalars import real
from nnkit.symbolic.tensor.shapes import normal_axis
from nnkit.symbolic.tensor.variable import TensorType, as_tensor, constant

__all__ = [
    "LogSoftmax",
    "Softmax",
    "batch_normalization",
    "batch_normalization_test",
    "batch_normalization_train",
    "binary_crossentropy",
    "bn",
    "categorical_crossentropy",
    "confusion_matrix",
    "conv",
    "conv2d",
    "conv2d_transpose",
    "crossentropy_categorical_1hot",
    "elu",
    "hard_sigmoid",
    "logsoftmax",
    "relu",
    "selu",
    "sigmoid",
    "sigmoid_binary_crossentropy",
    "softmax",
    "softplus",
    "softsign",
    "ultra_fast_sigmoid",
]


class Softmax(Op):
    """exp(x) divided by its sum over the last axis, without overflow."""

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """A float in the shape of the input."""
        return [_float_type(self, inputs[0])]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """Less the largest element, so that no power is too big."""
        x = arrays[0].astype(real(str(arrays[0].dtype)), copy=False)
        powers = np.exp(x - x.max(-1, keepdims=True, initial=-np.inf))
        powers /= powers.sum(-1, keepdims=True)
        return powers

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """y (g - sum(g y))."""
        y: Any = outputs[0]
        g: Any = cotangents[0]
        d = y * (g - (g * y).sum(axis=-1, keepdims=True))
        return [_as(inputs[0], d)]


class LogSoftmax(Op):
    """The logarithm of the softmax over the last axis, which is finite where that is 0."""

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """A float in the shape of the input."""
        return [_float_type(self, inputs[0])]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """x less its largest element, less the logarithm of the sum of powers of that."""
        x = arrays[0].astype(real(str(arrays[0].dtype)), copy=False)
        below = x - x.max(-1, keepdims=True, initial=-np.inf)
        result: np.ndarray = below - np.log(np.exp(below).sum(-1, keepdims=True))
        return result

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """g - softmax(x) sum(g)."""
        x, g = inputs[0], cotangents[0]
        d = g - Softmax()(x) * g.sum(axis=-1, keepdims=True)
        return [_as(x, d)]


def _float_type(op: Op, x: Variable) -> TensorType:
    if x.type.ndim == 0:
        raise TypeError(f"{op} is taken over the last axis, and {describe(x)} has none")
    kind: TensorType = x.type.with_dtype(real(x.type.dtype))
    return kind


def _as(x: Variable, d: Any) -> Any:
    """A gradient by x; there is none by integers."""
    if not x.type.dtype.startswith("float"):
        return None
    return d if d.dtype == x.type.dtype else cast(d, x.type.dtype)


def softmax(x: Any, axis: int = -1) -> Any:
    """exp(x), divided by its sum over an axis.

    Parameters
    ----------
    x : variable
    axis : int

    Examples
    --------
    >>> import nnkit.symbolic as theano
    >>> import nnkit.symbolic.tensor as T
    >>> x = T.dmatrix("x")
    >>> theano.function([x], T.nnet.softmax(x))([[0, 1000]])
    array([[0., 1.]])
    """
    return _over(Softmax(), x, axis)


def logsoftmax(x: Any, axis: int = -1) -> Any:
    """The logarithm of the softmax, finite where that is 0.

    Parameters
    ----------
    x : variable
    axis : int
    """
    return _over(LogSoftmax(), x, axis)


def _over(op: Op, x: Any, axis: int) -> Any:
    """An operation on the last axis, along any."""
    x = as_tensor(x)
    if axis in (-1, x.ndim - 1):
        return op(x)
    axis = normal_axis(axis, x.ndim)
    swapped = list(range(x.ndim))
    swapped[axis], swapped[-1] = swapped[-1], axis
    return op(x.dimshuffle(*swapped)).dimshuffle(*swapped)


def hard_sigmoid(x: Any) -> Any:
    """0.2 x + 0.5, limited to 0 and 1."""
    x = floats(x)
    return clip(constant(0.2, dtype=x.dtype) * x + constant(0.5, dtype=x.dtype), 0, 1)


def ultra_fast_sigmoid(x: Any) -> Any:
    """An approximation of the sigmoid by simpler functions, within 0.05."""
    x = floats(x)
    half = x / 2
    size = abs_(half)
    slope, offset, top = (
        constant(c, dtype=x.dtype) for c in (0.0458812946797165, 0.857410869648, 0.99505475368673)
    )
    low = constant(1.5, dtype=x.dtype) * size / (1 + size)
    high = switch(size < 3, offset + slope * size, top)
    curve = switch(size < 1.7, low, high)
    return (switch(half < 0, -curve, curve) + 1) / 2


def relu(x: Any, alpha: Any = 0) -> Any:
    """x where it is positive, elsewhere ``alpha`` x."""
    x = as_tensor(x)
    if isinstance(alpha, (int, float)) and alpha == 0:
        return maximum(x, 0)
    return switch(x > 0, x, alpha * x)


def elu(x: Any, alpha: Any = 1) -> Any:
    """x where it is positive, elsewhere ``alpha`` (exp(x) - 1)."""
    x = as_tensor(x)
    return switch(x > 0, x, alpha * expm1(x))


def selu(x: Any) -> Any:
    """The elu with the scale and alpha that keep mean 0 and variance 1 from layer to layer."""
    x = floats(x)
    scale, alpha = (constant(c, dtype=x.dtype) for c in (1.0507009873554805, 1.6732632423543772))
    return scale * elu(x, alpha)


def softsign(x: Any) -> Any:
    """x / (1 + abs(x))."""
    x = as_tensor(x)
    return x / (1 + abs_(x))


def categorical_crossentropy(coding_dist: Any, true_dist: Any) -> Any:
    """How far a predicted distribution is from the true one, for each row.

    Parameters
    ----------
    coding_dist : variable
        Predicted probabilities, along the last axis.
    true_dist : variable
        True ones of the same shape; or labels, integers with an axis less.

    Returns
    -------
    variable
        With an axis less than the predictions.
    """
    coding, true = as_tensor(coding_dist), as_tensor(true_dist)
    if true.ndim == coding.ndim:
        return -(true * log(coding)).sum(axis=-1)
    if true.ndim == coding.ndim - 1:
        return crossentropy_categorical_1hot(coding, true)
    raise TypeError(
        f"{describe(true)} must be distributions like {describe(coding)}, or labels with an axis "
        "less"
    )


def crossentropy_categorical_1hot(coding_dist: Any, true_one_of_n: Any) -> Any:
    """The negative logarithm of the probability of the true class, for each row.

    Parameters
    ----------
    coding_dist : variable, a matrix
    true_one_of_n : variable, a vector of integers
    """
    coding, labels = as_tensor(coding_dist), as_tensor(true_one_of_n)
    if (coding.ndim, labels.ndim) != (2, 1) or labels.dtype.startswith("float"):
        raise TypeError(
            f"labels are a vector of integers for a matrix, got {describe(labels)} for "
            f"{describe(coding)}"
        )
    return -log(coding[arange(labels.shape[0]), labels])


def binary_crossentropy(output: Any, target: Any) -> Any:
    """-(t log(p) + (1 - t) log(1 - p)), for each element."""
    output, target = as_tensor(output), as_tensor(target)
    return -(target * log(output) + (1 - target) * log(1 - output))


def sigmoid_binary_crossentropy(output: Any, target: Any) -> Any:
    """The binary crossentropy of sigmoid(output), finite for outputs of any size."""
    output, target = as_tensor(output), as_tensor(target)
    return target * softplus(-output) + (1 - target) * softplus(output)


def confusion_matrix(actual: Any, pred: Any) -> list[Any]:
    """How often each label was taken for each.

    Parameters
    ----------
    actual, pred : vector of integers

    Returns
    -------
    matrix : variable
        Rows are for true labels, columns for predicted ones; int64.
    labels : variable
        Those that there are, in the order of the rows.
    """
    actual, pred = as_tensor(actual), as_tensor(pred)
    for labels in (actual, pred):
        if labels.ndim != 1:
            raise TypeError(f"confusion_matrix takes vectors of labels, got {describe(labels)}")
    order = unique(concatenate([actual, pred]))
    rows, columns = (
        cast(eq(labels.dimshuffle(0, "x"), order), "int64") for labels in (actual, pred)
    )
    return [dot(rows.T, columns), order]
