"""Dot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit import checks, config
from nnkit.engine.dispatch import launch
from nnkit.layers.base import Layer, Shape
from nnkit.layers.merging import list_of_shapes

__all__ = ["Dot"]

_RANK = 32


class Dot(Layer):
    """The products of two inputs' elements, added up along an axis of each.

    Parameters
    ----------
    axes : int or pair of int
        The axis of both inputs, or of the first and of the second, that is summed over; not 0, the
        batch. Negative ones count from the end.
    normalize : bool
        Whether the vectors along these axes first get the length 1, so that the result is the
        cosine of the angle between them. Those shorter than :func:`nnkit.config.epsilon` are
        divided by that.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        ``axes`` is no axis or pair of axes; or, once the inputs' shapes are known, there are not
        two inputs, they don't have such axes, or the axes differ in size.

    Notes
    -----
    The output has the other axes of the first input, then those of the second; (batch, 1) if there
    are none. It has no mask.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.Dot(axes=1)([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])])
    array([[11.]], dtype=float32)
    >>> nnkit.layers.Dot(axes=(1, 2))([np.ones((1, 3, 5)), np.ones((1, 10, 3))]).shape
    (1, 5, 10)
    """

    recordable = True
    takes_list = True

    def __init__(self, axes: int | Sequence[int], normalize: bool = False, **options: Any) -> None:
        super().__init__(**options)
        pair: Any = list(axes) if isinstance(axes, (list, tuple)) else [axes] * 2
        if len(pair) != 2:
            raise ValueError(f"Dot: axes must be one axis or two, one for each input, got {axes!r}")
        self._axes = [checks.integer("Dot", "axes", axis, -_RANK, _RANK) for axis in pair]
        if 0 in self._axes:
            raise ValueError(f"Dot: axes can't be 0, the batch's, got {axes!r}")
        self.axes = tuple(self._axes) if pair else self._axes[0]
        self.normalize = checks.flag("Dot", "normalize", normalize)

    def build(self, input_shape: Any) -> None:
        """Check that the inputs fit each other."""
        self.compute_output_shape(input_shape)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The other axes of the first input, then those of the second."""
        shapes = list_of_shapes(self, input_shape, exactly=2)
        for shape, axis in zip(shapes, self._axes, strict=True):
            if not (-len(shape) < axis < len(shape)):
                raise ValueError(
                    f"layer {self.name!r} (Dot): axis {axis} is not one of the axes after the "
                    f"batch's of an input of shape {shape}; inputs are {shapes[0]}, {shapes[1]}"
                )
        (first, a), (second, b) = zip(shapes, self._axes, strict=True)
        if None not in (first[a], second[b]) and first[a] != second[b]:
            raise ValueError(
                f"layer {self.name!r} (Dot): axis {a} of the first input and axis {b} of the "
                f"second must have one size, got {first[a]} and {second[b]} of {first}, {second}"
            )
        if None not in (first[0], second[0]) and first[0] != second[0]:
            raise ValueError(
                f"layer {self.name!r} (Dot): batches must have one size, got {first}, {second}"
            )
        batch = second[0] if first[0] is None else first[0]
        others = _without(first, a) + _without(second, b)
        return (batch, *(others or (1,)))

    def compute_mask(self, x: Any, mask: Any = None) -> None:
        """None: steps are summed over, or stand beside those of the other input."""

    def forward(self, x: Any, training: bool = False) -> np.ndarray:
        """y = the sum over k of a[..., k] b[k, ...]."""
        self._shapes = [array.shape for array in x]
        pairs = zip(x, self._axes, strict=True)
        self._a, self._b = (_around(array, axis % array.ndim) for array, axis in pairs)
        self._u, self._v = self._a, self._b
        if self.normalize:
            self._u, self._v = self._units(self._a), self._units(self._b)
        y = self._product(self._rows(self._u), self._rows(self._v).swapaxes(1, 2))
        others = [_without(shape, n) for shape, n in zip(self._shapes, self._axes, strict=True)]
        return y.reshape(len(y), *(others[0] + others[1] or (1,)))

    def backward(self, dy: np.ndarray) -> Any:
        """da = dy b, and db = dy^T a."""
        u, v = self._rows(self._u), self._rows(self._v)
        dy = dy.reshape(len(dy), u.shape[1], v.shape[1])
        found = self._product(dy, v), self._product(dy.swapaxes(1, 2), u)
        gradients = []
        for rows, x, shape in zip(found, (self._a, self._b), self._shapes, strict=True):
            dx = self._placed(rows, x.shape)
            if self.normalize:
                du, dx = dx, self.empty(x.shape)
                launch.unit_vectors_backward(_flat(du), _flat(x), 1 / config.epsilon(), _flat(dx))
            gradients.append(dx.reshape(shape))
        return gradients

    def _units(self, x: np.ndarray) -> np.ndarray:
        y = self.empty(x.shape)
        launch.unit_vectors(_flat(x), 1 / config.epsilon(), _flat(y))
        return y

    def _rows(self, x: np.ndarray) -> np.ndarray:
        """(batch, outer, n, inner) as (batch, outer inner, n), in memory only if it must be."""
        batch, outer, n, inner = x.shape
        if inner == 1:
            return x.reshape(batch, outer, n)
        if outer == 1:
            return x.reshape(batch, n, inner).swapaxes(1, 2)
        return self._exchanged(x).reshape(batch, outer * inner, n)

    def _placed(self, rows: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """The reverse: (batch, outer inner, n) as (batch, outer, n, inner)."""
        batch, outer, n, inner = shape
        if inner == 1:
            return rows.reshape(shape)
        return self._exchanged(rows.reshape(batch, outer, inner, n))

    def _exchanged(self, x: np.ndarray) -> np.ndarray:
        """The last two of four axes exchanged."""
        batch, outer, rows, columns = x.shape
        y = self.empty((batch, outer, columns, rows))
        wide = y.reshape(batch, 1, outer, columns, rows)
        launch.permute(x.reshape(batch, -1), 0, rows * columns, 1, columns, wide)
        return y

    def _product(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The product of the matrices of each sample."""
        y = self.empty((a.shape[0], a.shape[1], b.shape[2]))
        launch.matmul_stack(*(array[:, None] for array in (a, b, y)))
        return y


def _without(shape: Any, axis: int) -> Any:
    """A sample's shape without an axis of the batch's."""
    axis %= len(shape)
    return (*shape[1:axis], *shape[axis + 1 :])


def _around(x: np.ndarray, axis: int) -> np.ndarray:
    """View an array as (batch, axes before, an axis, axes after it)."""
    outer, inner = math.prod(x.shape[1:axis]), math.prod(x.shape[axis + 1 :])
    return x.reshape(x.shape[0], outer, x.shape[axis], inner)


def _flat(x: np.ndarray) -> np.ndarray:
    """View (batch, outer, n, inner) as (batch outer, n, inner)."""
    return x.reshape(-1, *x.shape[2:])
