"""How convolutions and pooling are recorded: with the kernels of the layers, where these fit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit.engine.dispatch import launch
from nnkit.kernels.scratch import transposed_scratch, weights_scratch, windows_scratch

if TYPE_CHECKING:
    from nnkit.symbolic.run.lowering import Lowering

__all__ = ["convolution", "filter_gradient", "input_gradient", "pool"]


def convolution(low: Lowering, node: Any) -> bool:
    """Images and filters with the channels last, and back."""
    (images, filters), out = node.inputs, node.outputs[0]
    if not _suits(low, node):
        return False
    x, w = _channels_last(low, images), _weights(low, filters, node.op.flip)
    count, made, rows, columns = low.shapes[id(out)]
    y = low.temporary((count, rows, columns, made), out.type.dtype)
    place = _place(low, node, filters)
    scratch = low.temporary(windows_scratch(x.shape, w.shape, place, y.shape), y.dtype)
    low.call(launch.conv2d, x, w, *place, scratch, y)
    low.alias(out, y.transpose(0, 3, 1, 2))
    return True


def input_gradient(low: Lowering, node: Any) -> bool:
    """The transposed convolution."""
    (g, filters, _), out = node.inputs, node.outputs[0]
    if not _suits(low, node):
        return False
    dy, w = _channels_last(low, g), _weights(low, filters, node.op.flip)
    count, channels, height, width = low.shapes[id(out)]
    dx = low.temporary((count, height, width, channels), out.type.dtype)
    place = _place(low, node, filters)
    scratch = low.temporary(transposed_scratch(w.shape, place, dy.shape), dx.dtype)
    low.call(launch.conv2d_transpose, dy, w, *place, scratch, dx)
    low.alias(out, dx.transpose(0, 3, 1, 2))
    return True


def filter_gradient(low: Lowering, node: Any) -> bool:
    """The gradient of a convolution's weights."""
    (images, g, filters), out = node.inputs, node.outputs[0]
    if not _suits(low, node):
        return False
    x, dy = _channels_last(low, images), _channels_last(low, g)
    made, channels, high, wide = low.shapes[id(out)]
    dw = low.temporary((high, wide, channels, made), out.type.dtype)
    rows = dw.reshape(-1, made)
    place = _place(low, node, filters)
    scratch = low.temporary(weights_scratch(x.shape, dw.shape, place, dy.shape), dw.dtype)
    low.call(launch.conv2d_weights, x, dy, wide, *place, 0, scratch, rows)
    if node.op.flip:
        dw = _turned(low, filters, dw)
    low.alias(out, dw.transpose(3, 2, 0, 1))
    return True


def pool(low: Lowering, node: Any) -> bool:
    """Each channel of an image as an image of its own."""
    op, x, out = node.op, node.inputs[0], node.outputs[0]
    shape, pooled = low.shapes[id(x)], low.shapes[id(out)]
    means = op.mode == "average_exc_pad" or (op.mode == "average_inc_pad" and op.pad == (0, 0))
    if not (op.mode == "max" or means) or x.type.dtype[:5] != "float" or 0 in (*shape, *pooled):
        return False
    images = low.whole(x).reshape(-1, *shape[-2:], 1)
    y = low.out(out).reshape(-1, *pooled[-2:], 1)
    place = *op.ws, *op.stride, *op.pad
    if means:
        low.call(launch.average_pool2d, images, *place, y)
    else:
        at = low.temporary(y.shape, np.uint8 if math.prod(op.ws) <= 256 else np.int32)
        low.call(launch.max_pool2d, images, *place, y, at)
    return True


def _suits(low: Lowering, node: Any) -> bool:
    """Whether all are numbers of one type that BLAS knows, and there are some."""
    types = {v.type.dtype for v in (*node.inputs, *node.outputs)}
    some = all(0 not in low.shapes[id(v)] for v in (*node.inputs, *node.outputs))
    return types in ({"float32"}, {"float64"}) and some


def _place(low: Lowering, node: Any, filters: Any) -> tuple[int, ...]:
    """Strides, padding, dilation; one group."""
    op = node.op
    return *op.step, *op.pads(low.shapes[id(filters)]), *op.dilation, 1


def _channels_last(low: Lowering, v: Any) -> np.ndarray:
    return _copied(low, v, low.array(v).transpose(0, 2, 3, 1))


def _weights(low: Lowering, v: Any, flip: bool) -> np.ndarray:
    """(high, wide, channels, filters); turned around if the operation does that."""
    w = _copied(low, v, low.array(v).transpose(2, 3, 1, 0))
    return _turned(low, v, w) if flip else w


def _copied(low: Lowering, v: Any, array: np.ndarray) -> np.ndarray:
    if array.flags.c_contiguous:
        return array
    whole = low.temporary(array.shape, array.dtype)
    low.copy(v, whole, array)
    return whole


def _turned(low: Lowering, v: Any, w: np.ndarray) -> np.ndarray:
    """Weights in the opposite order; a view of that kind is none that kernels take."""
    turned = low.temporary(w.shape, w.dtype)
    for i, j in np.ndindex(*w.shape[:2]):
        low.copy(v, turned[i, j], w[-1 - i, -1 - j])
    return turned
