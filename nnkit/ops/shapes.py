"""Shapes, joining, splitting and repeating."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from nnkit.conversion import to_numpy
from nnkit.layers.nodes import Placeholder, operate
from nnkit.ops.naming import Axis, Expression
from nnkit.symbolic import tensor as T
from nnkit.symbolic.graph import Variable
from nnkit.symbolic.tensor.shapes import normal_axis

__all__ = [
    "append",
    "array_split",
    "broadcast_to",
    "concatenate",
    "depth_to_space",
    "dsplit",
    "dstack",
    "expand_dims",
    "flip",
    "fliplr",
    "flipud",
    "hsplit",
    "hstack",
    "moveaxis",
    "ndim",
    "pad",
    "ravel",
    "repeat",
    "reshape",
    "roll",
    "rot90",
    "shape",
    "size",
    "space_to_depth",
    "split",
    "squeeze",
    "stack",
    "swapaxes",
    "take",
    "tile",
    "transpose",
    "unstack",
    "vsplit",
    "vstack",
]


def shape(x: Expression) -> tuple[Expression, ...]:
    """The sizes of the axes."""
    if isinstance(x, Placeholder):
        return tuple(operate("axis_size", x, i) if n is None else n for i, n in enumerate(x.shape))
    if not isinstance(x, Variable):
        return tuple(to_numpy(x, "x").shape)
    sizes = T.shape(x)
    return tuple(sizes[i] for i in range(ndim(x)))


def ndim(x: Expression) -> int:
    """The number of axes."""
    return x.ndim if isinstance(x, Placeholder) else int(T.as_tensor(x).ndim)


def reshape(x: Expression, newshape: Sequence[Any] | int) -> Expression:
    """x with another shape; one size may be -1 and is then computed from the others."""
    return T.reshape(x, (newshape,) if isinstance(newshape, int) else tuple(newshape))


def transpose(x: Expression, axes: Sequence[int] | None = None) -> Expression:
    """x with permuted axes, by default in reverse order."""
    return T.transpose(x, axes)


def swapaxes(x: Expression, axis1: int, axis2: int) -> Expression:
    """x with two axes exchanged."""
    return T.swapaxes(x, axis1, axis2)


def moveaxis(x: Expression, source: Any, destination: Any) -> Expression:
    """x with axes moved to other positions; the remaining axes keep their order."""
    return T.moveaxis(x, source, destination)


def expand_dims(x: Expression, axis: int | Sequence[int]) -> Expression:
    """x with a new axis of size 1, or several."""
    return T.expand_dims(x, axis)


def squeeze(x: Expression, axis: Axis = None) -> Expression:
    """x without axes of size 1, by default without all whose size is known to be 1."""
    return T.squeeze(x, axis)


def ravel(x: Expression) -> Expression:
    """x as a vector."""
    return T.flatten(x, 1)


def concatenate(xs: Sequence[Expression], axis: int = 0) -> Expression:
    """Join expressions along an axis."""
    return T.concatenate(_listed(xs), axis=axis)


def stack(x: Sequence[Expression], axis: int = 0) -> Expression:
    """Join expressions along a new axis."""
    return T.stack(_listed(x), axis=axis)


def _listed(xs: Any) -> list[Any]:
    return list(xs) if isinstance(xs, (list, tuple)) else list(to_numpy(xs, "xs"))


def split(
    x: Expression, indices_or_sections: int | Sequence[int], axis: int = 0
) -> list[Expression]:
    """Split x along an axis, into a number of equal parts or at indices."""
    x = T.as_tensor(x)
    if isinstance(indices_or_sections, int):
        size = x.shape[axis] // indices_or_sections
        ends = [size * i for i in range(1, indices_or_sections)]
    else:
        ends = list(indices_or_sections)
    before = (slice(None),) * (axis % x.ndim)
    pairs = zip([None, *ends], [*ends, None], strict=True)
    return [x[(*before, slice(start, end))] for start, end in pairs]


def tile(x: Expression, repeats: int | Sequence[int]) -> Expression:
    """Repeat x as a whole along each axis."""
    return T.tile(x, repeats)


def repeat(x: Expression, repeats: Any, axis: int | None = None) -> Expression:
    """Repeat each element of x."""
    return T.repeat(x, repeats, axis)


def take(x: Expression, indices: Expression, axis: int | None = None) -> Expression:
    """The elements of x at indices of an axis."""
    return T.take(x, indices, axis)


def size(x: Expression) -> Expression:
    """The number of elements."""
    return reduce(T.mul, [T.as_tensor(n) for n in shape(x)], T.constant(1, dtype="int64"))


def broadcast_to(x: Expression, shape: Sequence[Any]) -> Expression:
    """x repeated along axes of size 1, and new ones in front, to have a shape."""
    return T.broadcast_to(x, tuple(shape))


def append(x1: Expression, x2: Expression, axis: int | None = None) -> Expression:
    """x2 behind x1 along an axis, by default of both as vectors."""
    if axis is None:
        return T.concatenate([ravel(x1), ravel(x2)])
    return T.concatenate([x1, x2], axis)


def hstack(xs: Sequence[Expression]) -> Expression:
    """Join expressions along the second axis; vectors along the first."""
    xs = [T.as_tensor(x) for x in _listed(xs)]
    return T.concatenate(xs, axis=0 if xs[0].ndim == 1 else 1)


def vstack(xs: Sequence[Expression]) -> Expression:
    """Join expressions along the first axis; a vector is a row."""
    return T.concatenate([T.as_tensor(x, ndim=2) for x in _listed(xs)], axis=0)


def dstack(xs: Sequence[Expression]) -> Expression:
    """Join expressions along the third axis."""
    return T.concatenate([_of_three(T.as_tensor(x)) for x in _listed(xs)], axis=2)


def _of_three(x: Expression) -> Expression:
    x = T.as_tensor(x, ndim=2)
    return x if x.ndim > 2 else x.dimshuffle(0, 1, "x")


def array_split(
    x: Expression, indices_or_sections: int | Sequence[int], axis: int = 0
) -> list[Expression]:
    """Split x along an axis, into a number of parts of nearly the same size, or at indices."""
    if not isinstance(indices_or_sections, int):
        return split(x, indices_or_sections, axis)
    x, count = T.as_tensor(x), indices_or_sections
    n = T.cast(x.shape[axis], "int64")
    small, more = n // count, n % count
    ends: Any = [small * i + T.minimum(i, more) for i in range(1, count)]
    return split(x, ends, axis)


def hsplit(x: Expression, indices_or_sections: int | Sequence[int]) -> list[Expression]:
    """:func:`split` along the second axis; of a vector along its only one."""
    return split(x, indices_or_sections, 0 if ndim(x) == 1 else 1)


def vsplit(x: Expression, indices_or_sections: int | Sequence[int]) -> list[Expression]:
    """:func:`split` along the first axis."""
    return split(x, indices_or_sections, 0)


def dsplit(x: Expression, indices_or_sections: int | Sequence[int]) -> list[Expression]:
    """:func:`split` along the third axis."""
    return split(x, indices_or_sections, 2)


def unstack(x: Expression, num: int | None = None, axis: int = 0) -> list[Expression]:
    """The parts of x along an axis, as a list without that axis.

    Parameters
    ----------
    x : expression
    num : int, optional
        How many there are; needed where the size isn't known, as in losses.
    axis : int

    Raises
    ------
    ValueError
        ``num`` is needed.
    """
    at = normal_axis(axis, ndim(x))
    if isinstance(x, Placeholder):
        num = x.shape[at] if num is None else num
        if num is not None:
            made: list[Any] = operate("unstack", x, num, axis)
            return made
    elif not isinstance(x, Variable):
        return list(np.moveaxis(to_numpy(x, "x"), at, 0))
    if num is None:
        raise ValueError("unstack: say by num how many parts there are along the axis")
    return [x[(*(slice(None),) * at, i)] for i in range(num)]


def flip(x: Expression, axis: Axis = None) -> Expression:
    """x in reverse order along some axes, by default all."""
    return T.flip(x, axis)


def fliplr(x: Expression) -> Expression:
    """x in reverse order along the second axis."""
    return T.flip(x, 1)


def flipud(x: Expression) -> Expression:
    """x in reverse order along the first axis."""
    return T.flip(x, 0)


def rot90(array: Expression, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Expression:
    """An array turned k times by 90 degrees, from the first of two axes towards the second."""
    array = T.as_tensor(array)
    first, second = (normal_axis(a, array.ndim) for a in axes)
    turned = {0: [], 1: [second], 2: [first, second], 3: [first]}[k % 4]
    made = T.flip(array, turned) if turned else array
    return T.swapaxes(made, first, second) if k % 2 else made


def roll(x: Expression, shift: Any, axis: Any = None) -> Expression:
    """x with elements moved along an axis, those beyond its end to its beginning.

    Parameters
    ----------
    x : expression
    shift : int, or a sequence with one for each axis
    axis : int or sequence of int, optional
        By default of x as a vector.
    """
    if not isinstance(axis, (list, tuple)):
        return T.roll(x, shift, axis)
    shifts = shift if isinstance(shift, (list, tuple)) else [shift] * len(axis)
    for one, along in zip(shifts, axis, strict=True):
        x = T.roll(x, one, along)
    return x


def pad(
    x: Expression,
    pad_width: Any,
    mode: str = "constant",
    constant_values: Any = None,
) -> Expression:
    """x with more elements before and behind along its axes.

    Parameters
    ----------
    x : expression
    pad_width : int, or (before, behind), or one such pair for each axis
    mode : {"constant", "edge", "reflect", "symmetric", "wrap"}
        What stands there: ``constant_values``; the nearest element; elements mirrored at the last
        one, or behind it; or elements from the other end.
    constant_values : number, optional
        By default 0.
    """
    x = T.as_tensor(x)
    if mode not in ("constant", "edge", "reflect", "symmetric", "wrap"):
        raise ValueError(f"pad: mode is constant, edge, reflect, symmetric or wrap, not {mode!r}")
    if constant_values is not None and mode != "constant":
        raise ValueError(f"pad: constant_values are for mode='constant', not {mode!r}")
    pairs = np.broadcast_to(np.asarray(pad_width, int), (x.ndim, 2)).tolist()
    if any(n < 0 for pair in pairs for n in pair):
        raise ValueError(f"pad: numbers of elements are at least 0, got {pad_width!r}")
    if mode == "constant":
        sizes = [n + sum(pair) if sum(pair) else n for n, pair in zip(shape(x), pairs, strict=True)]
        value = T.cast(0 if constant_values is None else constant_values, x.dtype)
        inner = tuple(
            slice(before, before + n) if before or behind else slice(None)
            for n, (before, behind) in zip(shape(x), pairs, strict=True)
        )
        return T.set_subtensor(T.alloc(value, sizes)[inner], x) if np.any(pairs) else x
    for axis, (before, behind) in enumerate(pairs):
        if before or behind:
            n = T.cast(shape(x)[axis], "int64")
            x = T.take(x, _places(mode, T.arange(-before, n + behind), n), axis)
    return x


def _places(mode: str, at: Expression, n: Expression) -> Expression:
    """Which elements stand at places from below 0 to beyond n."""
    if mode == "edge":
        return T.clip(at, 0, n - 1)
    if mode == "wrap":
        return T.mod(at, n)
    period = T.maximum(2 * n - 2, 1) if mode == "reflect" else 2 * n
    at = T.mod(at, period)
    return T.switch(at < n, at, (period if mode == "reflect" else period - 1) - at)


def depth_to_space(
    x: Expression, block_size: int, data_format: str = "channels_last"
) -> Expression:
    """Images of blocks of pixels that were the channels of one: fewer channels, more pixels."""
    x, b = _images("depth_to_space", x, data_format), block_size
    if data_format == "channels_first":
        batch, depth, rows, columns = shape(x)
        x = T.reshape(x, (batch, depth // (b * b), b, b, rows, columns))
        x = T.transpose(x, (0, 1, 4, 2, 5, 3))
        return T.reshape(x, (batch, depth // (b * b), rows * b, columns * b))
    batch, rows, columns, depth = shape(x)
    x = T.reshape(x, (batch, rows, columns, b, b, depth // (b * b)))
    x = T.transpose(x, (0, 1, 3, 2, 4, 5))
    return T.reshape(x, (batch, rows * b, columns * b, depth // (b * b)))


def space_to_depth(
    x: Expression, block_size: int, data_format: str = "channels_last"
) -> Expression:
    """Images whose channels are those of a block of pixels: the inverse of depth_to_space."""
    x, b = _images("space_to_depth", x, data_format), block_size
    if data_format == "channels_first":
        batch, depth, rows, columns = shape(x)
        x = T.reshape(x, (batch, depth, rows // b, b, columns // b, b))
        x = T.transpose(x, (0, 1, 3, 5, 2, 4))
        return T.reshape(x, (batch, depth * b * b, rows // b, columns // b))
    batch, rows, columns, depth = shape(x)
    x = T.reshape(x, (batch, rows // b, b, columns // b, b, depth))
    x = T.transpose(x, (0, 1, 3, 2, 4, 5))
    return T.reshape(x, (batch, rows // b, columns // b, b * b * depth))


def _images(owner: str, x: Expression, data_format: str) -> Expression:
    x = T.as_tensor(x)
    if x.ndim != 4:
        raise ValueError(f"{owner} takes images with four axes, got {x.ndim}")
    if data_format not in ("channels_first", "channels_last"):
        raise ValueError(
            f"{owner}: data_format is 'channels_last' or 'channels_first', not {data_format!r}"
        )
    return x
