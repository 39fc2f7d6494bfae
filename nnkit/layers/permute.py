"""Permute."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.layers.base import Layer, Shape

__all__ = ["Permute", "permuted"]

_MOST = 4  # The number of axes besides the batch that the kernel takes.


class Permute(Layer):
    """Reorder the axes of each sample.

    Parameters
    ----------
    dims : tuple of int
        For each axis of the output, the index of the input's axis; the batch is 0 and not in the
        tuple. At most four.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        ``dims`` is not a permutation of 1, 2, ...; or, once the input's shape is known, it has a
        different number of axes.

    Notes
    -----
    Output axis i is input axis dims[i - 1]. Backward: dy with the axes in the input's order.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.Permute((2, 1))(np.ones((5, 10, 64))).shape
    (5, 64, 10)
    """

    recordable = True

    def __init__(self, dims: Sequence[int], **options: Any) -> None:
        super().__init__(**options)
        if not isinstance(dims, (tuple, list)) or not 1 <= len(dims) <= _MOST:
            raise ValueError(f"Permute: dims must be a tuple of 1 to {_MOST} axes, got {dims!r}")
        self.dims = tuple(checks.integer("Permute", "dims", n, 1, len(dims)) for n in dims)
        if len(set(self.dims)) != len(dims):
            raise ValueError(f"Permute: dims must name each axis once, got {self.dims}")
        inverse = sorted(range(len(dims)), key=lambda i: self.dims[i])
        self._inverse = tuple(i + 1 for i in inverse)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's axes in the new order."""
        if len(input_shape) != len(self.dims) + 1:
            raise ValueError(
                f"layer {self.name!r} (Permute) orders {len(self.dims)} axes, but inputs of shape "
                f"{input_shape} have {len(input_shape) - 1} besides the batch"
            )
        return (input_shape[0], *(input_shape[n] for n in self.dims))

    def build(self, input_shape: Shape) -> None:
        """Check that the input has as many axes as ``dims``."""
        self.compute_output_shape(input_shape)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """y = x with permuted axes."""
        return permuted(self, x, self.dims)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx = dy with the axes in the input's order."""
        return permuted(self, dy, self._inverse)


def permuted(layer: Layer, x: np.ndarray, dims: Sequence[int]) -> np.ndarray:
    """An array with the axes after the batch, four at most, in another order.

    Parameters
    ----------
    layer : Layer
        Gives the memory.
    x : numpy.ndarray
    dims : sequence of int
        For each axis of the result after the batch, the index of that of ``x``.
    """
    y = layer.empty((x.shape[0], *(x.shape[n] for n in dims)))
    missing = _MOST - len(dims)
    steps = [x.strides[n] // x.itemsize for n in dims]
    wide = y.reshape(y.shape[0], *(1,) * missing, *y.shape[1:])
    launch.permute(x.reshape(x.shape[0], y[:1].size), *(0,) * missing, *steps, wide)
    return y
