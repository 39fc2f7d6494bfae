"""Operations that have kernels of their own: how each is recorded."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit.engine.device import launch
from nnkit.symbolic import loops
from nnkit.symbolic.stops import StopGradient
from nnkit.symbolic.tensor.indexing import INPUT, IncSubtensor, Subtensor
from nnkit.symbolic.tensor.linear import Dot
from nnkit.symbolic.tensor.nnet import LogSoftmax, Softmax
from nnkit.symbolic.tensor.reducers import ArgExtremum, Reduction
from nnkit.symbolic.tensor.shapes import Rebroadcast, Reshape

if TYPE_CHECKING:
    from nnkit.symbolic.lowering import Lowering

__all__ = ["NATIVES"]


def _dot(low: Lowering, node: Any) -> bool:
    (a, b), out = node.inputs, node.outputs[0]
    dtype = out.type.dtype
    if not dtype.startswith("float"):
        return False
    x, y = (_for_blas(low, v, dtype) for v in (a, b))
    x = x.reshape(1, -1) if x.ndim == 1 else x
    y = y.reshape(-1, 1) if y.ndim == 1 else y
    to = low.out(out).reshape(x.shape[0], y.shape[1])
    if to.shape[1] == 1:  # A product of a vector is quick if that stands on the left.
        x, y, to = y.T, x.T, to.T
    low.call(launch.matmul, x, y, to)
    return True


def _for_blas(low: Lowering, v: Any, dtype: str) -> np.ndarray:
    """A matrix or vector that a product can read: transposed, but with no other strides."""
    array = low.array(v)
    plain = array.flags.c_contiguous or (array.ndim == 2 and array.T.flags.c_contiguous)
    return array if plain and array.dtype == dtype else low.whole(v, dtype)


def _softmax(low: Lowering, node: Any) -> bool:
    x, out = node.inputs[0], node.outputs[0]
    kernel = launch.softmax if isinstance(node.op, Softmax) else loops.log_softmax
    shape = (-1, low.shapes[id(x)][-1], 1)
    array = low.whole(x, out.type.dtype).reshape(shape)
    low.call(kernel, array, low.out(out).reshape(shape))
    return True


def _reshape(low: Lowering, node: Any) -> bool:
    out = node.outputs[0]
    low.alias(out, low.whole(node.inputs[0]).reshape(low.shapes[id(out)]))
    return True


def _rebroadcast(low: Lowering, node: Any) -> bool:
    low.alias(node.outputs[0], low.array(node.inputs[0]))
    return True


def _subtensor(low: Lowering, node: Any) -> bool:
    (x, *indices), out = node.inputs, node.outputs[0]
    values = [value for value in map(low.known, indices) if value is not None and not value.ndim]
    if len(values) == len(indices):
        part = node.op.perform(low.array(x), *values)
        if any(step < 0 for step in part.strides):
            return False
        low.alias(out, part)
        return True
    if not _pairs(low, node, x, indices):
        return False
    arrays = [low.whole(v) for v in indices]
    low.call(loops.pick, low.whole(x), *arrays, low.out(out))
    return True


def _increment(low: Lowering, node: Any) -> bool:
    (x, y, *indices), out = node.inputs, node.outputs[0]
    if not _pairs(low, node, x, indices) or low.shapes[id(y)] not in (
        (),
        low.shapes[id(indices[0])],
    ):
        return False
    arrays = [low.whole(v) for v in (y, *indices)]
    to = low.out(out)
    low.copy(x, to)
    arrays[0] = arrays[0].reshape(-1)
    low.call(loops.put, *arrays, int(node.op.replace), to)
    return True


def _pairs(low: Lowering, node: Any, x: Any, indices: Any) -> bool:
    """Whether it is about ``x[i, j]`` with two vectors that are within bounds."""
    return (
        node.op.template == (INPUT, INPUT)
        and all(v.type.ndim == 1 and v.type.dtype.startswith("int") for v in indices)
        and low.shapes[id(indices[0])] == low.shapes[id(indices[1])]
        and x.type.ndim == 2
        and all(low.within(v, n) for v, n in zip(indices, low.shapes[id(x)], strict=True))
    )


def _largest(low: Lowering, node: Any) -> bool:
    x, op = node.inputs[0], node.op
    first = x.type.ndim - len(op.axes)
    which = op.largest if isinstance(op, ArgExtremum) else op.name == "max"
    if not which or op.axes != tuple(range(first, x.type.ndim)) or x.type.dtype[:5] != "float":
        return False
    array = low.whole(x)
    rows = array.reshape(math.prod(array.shape[:first]), -1)
    kernel = loops.argmax if isinstance(op, ArgExtremum) else loops.maximum
    low.call(kernel, rows, low.out(node.outputs[0]).reshape(-1))
    return True


# By the operation's class: records its kernels, or gives False if it has none for this use.
NATIVES: dict[type, Callable[[Any, Any], bool]] = {
    ArgExtremum: _largest,
    Dot: _dot,
    IncSubtensor: _increment,
    LogSoftmax: _softmax,
    Rebroadcast: _rebroadcast,
    Reduction: _largest,
    Reshape: _reshape,
    Softmax: _softmax,
    StopGradient: _rebroadcast,
    Subtensor: _subtensor,
}
