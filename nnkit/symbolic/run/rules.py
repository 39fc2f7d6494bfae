"""Operations that have kernels of their own: how each is recorded."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit.engine.dispatch import launch
from nnkit.kernels.generated import loops
from nnkit.symbolic.derive.identities import IDENTITIES
from nnkit.symbolic.run import image_rules
from nnkit.symbolic.tensor.indexing import INPUT, IncSubtensor, Subtensor
from nnkit.symbolic.tensor.joining import Join
from nnkit.symbolic.tensor.linear import Dot
from nnkit.symbolic.tensor.nnet import LogSoftmax, Softmax
from nnkit.symbolic.tensor.nnet.conv import Convolution, FilterGradient, InputGradient
from nnkit.symbolic.tensor.reducers import ArgExtremum, Reduction
from nnkit.symbolic.tensor.shapes import Rebroadcast, Reshape, SpecifyShape
from nnkit.symbolic.tensor.shared_randomstreams import Draw
from nnkit.symbolic.tensor.signal.pool import Pool

if TYPE_CHECKING:
    from nnkit.symbolic.run.lowering import Lowering

__all__ = ["LOWERINGS"]


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
    kernel = launch.softmax if isinstance(node.op, Softmax) else launch.log_softmax
    shape = (-1, low.shapes[id(x)][-1], 1)
    array = low.whole(x, out.type.dtype).reshape(shape)
    low.call(kernel, array, low.out(out).reshape(shape))
    return True


def _reshape(low: Lowering, node: Any) -> bool:
    (x, *sizes), out = node.inputs, node.outputs[0]
    if any(low.known(size) is None for size in sizes):
        return False
    low.alias(out, low.whole(x).reshape(low.shapes[id(out)]))
    return True


def _rebroadcast(low: Lowering, node: Any) -> bool:
    for out, x in zip(node.outputs, node.inputs, strict=False):
        low.alias(out, low.array(x))
    return True


def _subtensor(low: Lowering, node: Any) -> bool:
    (x, *indices), out = node.inputs, node.outputs[0]
    values = _numbers(low, indices)
    if values is not None:
        low.alias(out, node.op.part(low.array(x), values))
    elif _pairs(low, node, x, indices):
        places = [low.whole(v).reshape(-1) for v in indices]
        low.call(loops.pick, low.whole(x), *places, low.out(out).reshape(-1))
    elif _rows(low, node, x, indices):
        rows = low.whole(indices[0]).reshape(-1)
        low.call(loops.take, _matrix(low.whole(x)), rows, low.out(out).reshape(rows.size, -1))
    else:
        return False
    return True


def _increment(low: Lowering, node: Any) -> bool:
    (x, y, *indices), out, replace = node.inputs, node.outputs[0], int(node.op.replace)
    values, given, shape = _numbers(low, indices), low.array(y), low.shapes[id(out)]
    if out.type.dtype == "bool":
        return False
    if values is not None:
        part = node.op.part(low.changed(x, out), values)
        spread = np.broadcast_to(given, part.shape)
        if replace:
            low.copy(y, part, spread)
        else:
            low.add(spread, part)
    elif _pairs(low, node, x, indices) and given.shape in ((), low.shapes[id(indices[0])]):
        arrays = [low.whole(v).reshape(-1) for v in (y, *indices)]
        low.call(loops.put, *arrays, replace, low.changed(x, out))
    elif _rows(low, node, x, indices):
        places = low.whole(indices[0])
        if given.size == 1:
            whole = given.reshape(1, 1)
        elif given.shape in (shape[1:], places.shape + shape[1:]):  # One row, or one for each.
            whole = low.whole(y).reshape(-1, math.prod(shape[1:]))
        else:
            return False
        to = _matrix(low.changed(x, out))
        source = np.broadcast_to(whole, (places.size, to.shape[1]))
        low.call(loops.put_rows, source, places.reshape(-1), replace, shape[0], 0, to)
    else:
        return False
    return True


def _numbers(low: Lowering, indices: Any) -> list[np.ndarray] | None:
    """The indices, if they are numbers and the same in all calls."""
    values = [value for value in map(low.known, indices) if value is not None and not value.ndim]
    return values if len(values) == len(indices) else None


def _pairs(low: Lowering, node: Any, x: Any, indices: Any) -> bool:
    """Whether it is about ``x[i, j]`` with numbers or vectors that are within bounds."""
    return (
        node.op.template == (INPUT, INPUT)
        and all(v.type.ndim < 2 and v.type.dtype.startswith("int") for v in indices)
        and low.shapes[id(indices[0])] == low.shapes[id(indices[1])]
        and x.type.ndim == 2
        and all(low.within(v, n) for v, n in zip(indices, low.shapes[id(x)], strict=True))
    )


def _rows(low: Lowering, node: Any, x: Any, indices: Any) -> bool:
    """Whether it is about ``x[i]`` with integers that are within bounds."""
    return (
        node.op.template == (INPUT,)
        and indices[0].type.dtype.startswith("int")
        and low.within(indices[0], low.shapes[id(x)][0])
    )


def _matrix(array: np.ndarray) -> np.ndarray:
    """An array as rows."""
    return array.reshape(len(array), -1)


def _join(low: Lowering, node: Any) -> bool:
    out, axis = node.outputs[0], node.op.axis
    to, start = np.moveaxis(low.out(out), axis, 0), 0
    for v in node.inputs:
        end = start + low.shapes[id(v)][axis]
        low.copy(v, np.moveaxis(to[start:end], 0, axis))
        start = end
    return True


_REDUCTIONS = {
    "all": loops.minimum,
    "any": loops.maximum,
    "max": loops.maximum,
    "min": loops.minimum,
    "prod": loops.product,
}


def _reduced(low: Lowering, node: Any) -> bool:
    x, op, out = node.inputs[0], node.op, node.outputs[0]
    truth = op.name in ("all", "any")
    if truth != (x.type.dtype == "bool"):
        return False
    rows, to = low.rows(x, op.axes), low.out(out).reshape(-1)
    if truth:
        rows, to = rows.view("uint8"), to.view("uint8")
    low.call(_REDUCTIONS[op.name], rows, to)
    return True


def _extremum(low: Lowering, node: Any) -> bool:
    x, op = node.inputs[0], node.op
    if x.type.dtype == "bool":
        return False
    kernel = loops.argmax if op.largest else loops.argmin
    low.call(kernel, low.rows(x, op.axes), low.out(node.outputs[0]).reshape(-1))
    return True


def _draw(low: Lowering, node: Any) -> bool:
    (state, shape, *parameters), (after, drawn) = node.inputs, node.outputs
    kernel = loops.DRAWN.get(node.op.kind)
    if kernel is None or low.known(shape) is None:
        return False
    if any(
        low.array(p).size > 1 and low.shapes[id(p)] != low.shapes[id(drawn)] for p in parameters
    ):
        return False
    now = low.whole(state)
    given = [low.whole(p).reshape(-1) for p in parameters]
    low.call(kernel, now, *given, 0, low.out(drawn).reshape(-1))
    low.call(loops.next_state, now, low.out(after))
    return True


# By the operation's class: records its kernels, or gives False if it has none for this use.
LOWERINGS: dict[type, Callable[[Any, Any], bool]] = {
    ArgExtremum: _extremum,
    Convolution: image_rules.convolution,
    Dot: _dot,
    Draw: _draw,
    FilterGradient: image_rules.filter_gradient,
    IncSubtensor: _increment,
    InputGradient: image_rules.input_gradient,
    Join: _join,
    LogSoftmax: _softmax,
    Pool: image_rules.pool,
    Rebroadcast: _rebroadcast,
    SpecifyShape: _rebroadcast,
    Reduction: _reduced,
    Reshape: _reshape,
    Softmax: _softmax,
    Subtensor: _subtensor,
    **dict.fromkeys(IDENTITIES, _rebroadcast),
}
