"""Operations under the names that they have in Keras 2."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from nnkit import checks, config, ops

__all__ = [
    "abs",
    "all",
    "any",
    "arange",
    "argmax",
    "argmin",
    "batch_dot",
    "batch_flatten",
    "batch_normalization",
    "bias_add",
    "binary_crossentropy",
    "cast",
    "cast_to_floatx",
    "categorical_crossentropy",
    "clip",
    "concatenate",
    "cos",
    "cumprod",
    "cumsum",
    "dot",
    "elu",
    "equal",
    "exp",
    "expand_dims",
    "eye",
    "flatten",
    "gather",
    "greater",
    "greater_equal",
    "hard_sigmoid",
    "identity",
    "in_top_k",
    "l2_normalize",
    "less",
    "less_equal",
    "log",
    "logsumexp",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "not_equal",
    "one_hot",
    "ones",
    "ones_like",
    "permute_dimensions",
    "pow",
    "prod",
    "relu",
    "repeat",
    "repeat_elements",
    "reshape",
    "resize_images",
    "resize_volumes",
    "reverse",
    "round",
    "sigmoid",
    "sign",
    "sin",
    "slice",
    "softmax",
    "softplus",
    "softsign",
    "sparse_categorical_crossentropy",
    "spatial_2d_padding",
    "spatial_3d_padding",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "stop_gradient",
    "sum",
    "switch",
    "tanh",
    "temporal_padding",
    "tile",
    "transpose",
    "var",
    "zeros",
    "zeros_like",
]

Axis = int | Sequence[int] | None

# --------------------------------------------------------------------------- as Keras 3 has them

abs = ops.abs
cos, sin, exp, log = ops.cos, ops.sin, ops.exp, ops.log
equal, not_equal = ops.equal, ops.not_equal
greater, greater_equal, less, less_equal = (
    ops.greater,
    ops.greater_equal,
    ops.less,
    ops.less_equal,
)
identity = ops.copy
maximum, minimum = ops.maximum, ops.minimum
round, sign, square = ops.round, ops.sign, ops.square
sigmoid, softplus, softsign, tanh = ops.sigmoid, ops.softplus, ops.softsign, ops.tanh
stop_gradient = ops.stop_gradient
tile = ops.tile


def pow(x: Any, a: Any) -> Any:
    """x to the power of a."""
    return ops.power(x, a)


def sqrt(x: Any) -> Any:
    """The square root; of negative numbers 0."""
    return ops.sqrt(ops.maximum(x, 0.0))


def clip(x: Any, min_value: Any, max_value: Any) -> Any:
    """x limited to [min_value, max_value]; None is no limit."""
    low = -math.inf if min_value is None else min_value
    high = math.inf if max_value is None else max_value
    if isinstance(low, (int, float)) and isinstance(high, (int, float)):
        high = low if high < low else high
    return ops.clip(x, low, high)


def cast(x: Any, dtype: str) -> Any:
    """x in another data type."""
    return ops.cast(x, dtype)


def cast_to_floatx(x: Any) -> Any:
    """x in the data type :func:`nnkit.config.floatx`."""
    return ops.cast(x, config.floatx())


# ---------------------------------------------------------------------------------- activations


def relu(x: Any, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """x where it is above the threshold, at most ``max_value``; elsewhere alpha (x - threshold)."""
    below = ops.multiply(ops.subtract(x, threshold), alpha) if alpha else ops.zeros_like(x)
    y = ops.where(ops.greater_equal(x, threshold), x, below)
    return y if max_value is None else ops.minimum(y, max_value)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where x >= 0, else ``alpha (exp(x) - 1)``."""
    return ops.elu(x, alpha)


def softmax(x: Any, axis: int = -1) -> Any:
    """exp(x), divided by its sum along an axis."""
    return ops.softmax(x, axis)


def hard_sigmoid(x: Any) -> Any:
    """0.2 x + 0.5, clipped to [0, 1]: as Keras 2 has it; Keras 3's is x / 6 + 0.5."""
    return ops.clip(ops.add(ops.multiply(x, 0.2), 0.5), 0.0, 1.0)


# ---------------------------------------------------------------------------------- reductions


def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The sum over some axes, by default all."""
    return ops.sum(x, axis, keepdims)


def prod(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The product over some axes, by default all."""
    return ops.prod(x, axis, keepdims)


def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The mean over some axes, by default all; of whole numbers and bools as floats."""
    return ops.mean(_as_floats(x), axis, keepdims)


def var(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The variance over some axes, by default all."""
    return ops.var(_as_floats(x), axis, keepdims)


def std(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The standard deviation over some axes, by default all."""
    return ops.std(_as_floats(x), axis, keepdims)


def max(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest element along some axes, by default all."""
    return ops.max(x, axis, keepdims)


def min(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The smallest element along some axes, by default all."""
    return ops.min(x, axis, keepdims)


def any(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether any element is true along some axes, by default all."""
    return ops.any(x, axis, keepdims)


def all(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether all elements are true along some axes, by default all."""
    return ops.all(x, axis, keepdims)


def argmax(x: Any, axis: int = -1) -> Any:
    """Index of the largest element along an axis."""
    return ops.argmax(x, axis)


def argmin(x: Any, axis: int = -1) -> Any:
    """Index of the smallest element along an axis."""
    return ops.argmin(x, axis)


def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) over some axes, never infinite."""
    return ops.logsumexp(x, axis, keepdims)


def cumsum(x: Any, axis: int = 0) -> Any:
    """The sums of the elements up to each one, along an axis."""
    return ops.cumsum(x, axis)


def cumprod(x: Any, axis: int = 0) -> Any:
    """The products of the elements up to each one, along an axis."""
    return ops.cumprod(x, axis)


def l2_normalize(x: Any, axis: Axis = None) -> Any:
    """x divided by its norm over some axes, by default all."""
    total = ops.sum(ops.square(x), axis, True)
    return ops.divide(x, ops.sqrt(ops.maximum(total, config.epsilon())))


# ------------------------------------------------------------------------------------ products


def dot(x: Any, y: Any) -> Any:
    """Products summed over the last axis of x and the last but one of y."""
    return ops.dot(x, y)


def batch_dot(x: Any, y: Any, axes: Any = None) -> Any:
    """The product of each sample of x with that of y, summed over an axis of each.

    Parameters
    ----------
    x, y : array, placeholder or expression
        (batch, ...), of two axes or more.
    axes : int or pair of int, optional
        The axis of x and that of y. By default the last of x and the last but one of y, or its
        last if it has two.

    Returns
    -------
    array, placeholder or expression
        The batch, the other axes of x, then those of y; (batch, 1) if there are none.

    Examples
    --------
    >>> import numpy as np
    >>> from nnkit import backend as K
    >>> K.batch_dot(np.ones((2, 3)), np.ones((2, 3)), axes=1)
    array([[3.],
           [3.]])
    """
    rank, other = _rank(x), _rank(y)
    if rank < 2 or other < 2:
        raise ValueError(f"batch_dot takes arrays of two axes or more, got {rank} and {other}")
    if axes is None:
        axes = rank - 1, other - 1 if other == 2 else other - 2
    first, second = (axes, axes) if isinstance(axes, int) else axes
    first, second = first % rank, second % other
    if 0 in (first, second):
        raise ValueError(f"batch_dot: axis 0 is that of the batch; axes is {axes!r}")
    letters = "bcdefghijklm", "BCDEFGHIJKLM"
    left = ["a", *letters[0][: rank - 1]]
    right = ["a", *letters[1][: other - 1]]
    left[first] = right[second] = "z"
    kept = [c for c in (*left, *right[1:]) if c != "z"]
    product = ops.einsum(f"{''.join(left)},{''.join(right)}->{''.join(kept)}", x, y)
    return ops.expand_dims(product, 1) if len(kept) == 1 else product


def bias_add(x: Any, bias: Any, data_format: str | None = None) -> Any:
    """x plus a bias for each channel.

    Parameters
    ----------
    x : array, placeholder or expression
    bias : array
        A vector, or of the shape of a sample.
    data_format : {"channels_last", "channels_first"}, optional
        By default :func:`nnkit.config.image_data_format`.
    """
    first = checks.data_format("bias_add", data_format) == "channels_first"
    rank = _rank(x)
    if _rank(bias) == 1 and first and rank > 2:
        bias = ops.reshape(bias, (-1, *(1,) * (rank - 2)))
    return ops.add(x, bias)


# -------------------------------------------------------------------------------------- shapes


def reshape(x: Any, shape: Sequence[Any]) -> Any:
    """x with another shape; one size may be -1."""
    return ops.reshape(x, tuple(shape))


def permute_dimensions(x: Any, pattern: Sequence[int]) -> Any:
    """x with its axes in another order."""
    return ops.transpose(x, tuple(pattern))


def transpose(x: Any) -> Any:
    """x with its axes in reverse order."""
    return ops.transpose(x)


def expand_dims(x: Any, axis: int = -1) -> Any:
    """x with a new axis of size 1."""
    return ops.expand_dims(x, axis)


def squeeze(x: Any, axis: int) -> Any:
    """x without an axis of size 1."""
    return ops.squeeze(x, axis)


def flatten(x: Any) -> Any:
    """x as a vector."""
    return ops.ravel(x)


def batch_flatten(x: Any) -> Any:
    """Each sample as a vector."""
    sizes = ops.shape(x)
    known = [int(n) for n in sizes[1:] if isinstance(n, int)]
    if len(known) == len(sizes) - 1:
        return ops.reshape(x, (-1, math.prod(known)))
    return ops.reshape(x, (sizes[0], -1))


def concatenate(tensors: Sequence[Any], axis: int = -1) -> Any:
    """Join along an axis."""
    return ops.concatenate(list(tensors), axis)


def stack(x: Sequence[Any], axis: int = 0) -> Any:
    """Join along a new axis."""
    return ops.stack(list(x), axis)


def repeat(x: Any, n: int) -> Any:
    """Each row of (batch, features) n times: (batch, n, features)."""
    return ops.repeat(ops.expand_dims(x, 1), n, 1)


def repeat_elements(x: Any, rep: int, axis: int) -> Any:
    """Each element along an axis ``rep`` times."""
    return ops.repeat(x, rep, axis)


def reverse(x: Any, axes: Axis) -> Any:
    """x in reverse order along some axes."""
    return ops.flip(x, axes)


def slice(x: Any, start: Sequence[Any], size: Sequence[Any]) -> Any:
    """The part of a size that begins at given indices; a size of -1 is all that follows."""
    sizes = [
        n - first if isinstance(m, int) and m == -1 else m
        for n, first, m in zip(ops.shape(x), start, size, strict=True)
    ]
    return ops.slice(x, tuple(start), tuple(sizes))


def temporal_padding(x: Any, padding: Sequence[int] = (1, 1)) -> Any:
    """Zeros before and behind the steps of (batch, steps, features)."""
    return ops.pad(x, ((0, 0), tuple(padding), (0, 0)))


def spatial_2d_padding(
    x: Any,
    padding: Sequence[Sequence[int]] = ((1, 1), (1, 1)),
    data_format: str | None = None,
) -> Any:
    """Zeros around images.

    Parameters
    ----------
    x : array, placeholder or expression
    padding : pair of pairs
        Rows above and below, columns on the left and on the right.
    data_format : {"channels_last", "channels_first"}, optional
    """
    return _padded("spatial_2d_padding", x, padding, data_format)


def spatial_3d_padding(
    x: Any,
    padding: Sequence[Sequence[int]] = ((1, 1), (1, 1), (1, 1)),
    data_format: str | None = None,
) -> Any:
    """Zeros around volumes; see :func:`spatial_2d_padding`."""
    return _padded("spatial_3d_padding", x, padding, data_format)


def _padded(owner: str, x: Any, padding: Sequence[Sequence[int]], data_format: str | None) -> Any:
    pairs = [tuple(pair) for pair in padding]
    first = checks.data_format(owner, data_format) == "channels_first"
    width = [(0, 0), (0, 0), *pairs] if first else [(0, 0), *pairs, (0, 0)]
    return ops.pad(x, tuple(width))


def resize_images(
    x: Any,
    height_factor: int,
    width_factor: int,
    data_format: str | None = None,
    interpolation: str = "nearest",
) -> Any:
    """Images of so many times as many rows and columns.

    Parameters
    ----------
    x : array, placeholder or expression
    height_factor, width_factor : int
    data_format : {"channels_last", "channels_first"}, optional
    interpolation : {"nearest"}
        Pixels are repeated. For other ways, use :class:`nnkit.layers.UpSampling2D`.
    """
    if interpolation != "nearest":
        raise ValueError(
            f"resize_images repeats pixels ('nearest'); for {interpolation!r} see UpSampling2D"
        )
    return _resized("resize_images", x, (height_factor, width_factor), data_format)


def resize_volumes(
    x: Any, depth_factor: int, height_factor: int, width_factor: int, data_format: str | None = None
) -> Any:
    """Volumes with each voxel repeated along its axes."""
    factors = depth_factor, height_factor, width_factor
    return _resized("resize_volumes", x, factors, data_format)


def _resized(owner: str, x: Any, factors: Sequence[int], data_format: str | None) -> Any:
    first = checks.data_format(owner, data_format) == "channels_first"
    for i, factor in enumerate(factors):
        x = ops.repeat(x, factor, i + (2 if first else 1))
    return x


# --------------------------------------------------------------------- making, choosing, taking


def zeros(shape: Sequence[Any], dtype: str | None = None, name: str | None = None) -> Any:
    """Zeros, an array; ``name`` is accepted for Keras's sake. See ``variable`` for others."""
    return ops.zeros(tuple(shape), dtype)


def ones(shape: Sequence[Any], dtype: str | None = None, name: str | None = None) -> Any:
    """Ones, an array; ``name`` is accepted for Keras's sake."""
    return ops.ones(tuple(shape), dtype)


def eye(size: Any, dtype: str | None = None, name: str | None = None) -> Any:
    """An identity matrix, or one of (rows, columns); ``name`` is accepted for Keras's sake."""
    rows, columns = size if isinstance(size, (list, tuple)) else (size, size)
    return ops.eye(rows, columns, dtype=dtype)


def zeros_like(x: Any, dtype: str | None = None, name: str | None = None) -> Any:
    """Zeros in the shape of x; ``name`` is accepted for Keras's sake."""
    return ops.zeros_like(x, dtype)


def ones_like(x: Any, dtype: str | None = None, name: str | None = None) -> Any:
    """Ones in the shape of x; ``name`` is accepted for Keras's sake."""
    return ops.ones_like(x, dtype)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: str = "int32") -> Any:
    """Numbers from ``start`` to below ``stop``; with one argument, from 0 to below it."""
    return ops.arange(start, stop, step, dtype)


def one_hot(indices: Any, num_classes: int) -> Any:
    """1 at each index along a new last axis, 0 elsewhere."""
    return ops.one_hot(indices, num_classes)


def gather(reference: Any, indices: Any) -> Any:
    """The rows of an array at indices."""
    return ops.take(reference, ops.cast(indices, "int32"), 0)


def in_top_k(predictions: Any, targets: Any, k: int) -> Any:
    """Whether each target's class is among the k with the largest predictions."""
    return ops.in_top_k(targets, predictions, k)


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """One of two values where a condition is true, the other elsewhere.

    Both are computed; functions without arguments are called.

    Parameters
    ----------
    condition : array, placeholder or expression
        Of fewer axes than the values, it counts for the rest of them.
    then_expression, else_expression : array, placeholder, expression or callable
    """
    then, other = (e() if callable(e) else e for e in (then_expression, else_expression))
    missing = ops.ndim(then) - ops.ndim(condition)
    if missing > 0 and ops.ndim(condition):
        axes = tuple(range(ops.ndim(condition), ops.ndim(then)))
        condition = ops.expand_dims(condition, axes)
    return ops.where(condition, then, other)


# -------------------------------------------------------------------------------------- losses


def categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """-sum(t log(p)) along an axis; probabilities are divided by their sum and clipped.

    They are clipped by :func:`nnkit.config.epsilon`.
    """
    return ops.categorical_crossentropy(target, output, from_logits, axis)


def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """-log(p[t]) for labels t; see :func:`categorical_crossentropy`."""
    return ops.sparse_categorical_crossentropy(target, output, from_logits, axis)


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """-(t log(p) + (1 - t) log(1 - p)) for each element."""
    return ops.binary_crossentropy(target, output, from_logits)


def batch_normalization(
    x: Any,
    mean: Any,
    var: Any,
    beta: Any,
    gamma: Any,
    axis: int = -1,
    epsilon: float = 1e-3,
) -> Any:
    """(x - mean) / sqrt(var + epsilon) gamma + beta, with vectors along an axis.

    Parameters
    ----------
    x : array, placeholder or expression
    mean, var : array
    beta, gamma : array or None
    axis : int
    epsilon : float
    """
    flat = [None if v is None else ops.ravel(v) for v in (mean, var, beta, gamma)]
    return ops.batch_normalization(x, flat[0], flat[1], axis, flat[2], flat[3], epsilon)


def _rank(x: Any) -> int:
    return ops.ndim(x)


def _as_floats(x: Any) -> Any:
    """Whole numbers and bools as floats: Keras 2 averages them as such."""
    kind = str(getattr(x, "dtype", ops.dtype(x)))
    return x if kind.startswith("float") else ops.cast(x, config.floatx())
