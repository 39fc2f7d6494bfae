"""Permute."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.engine.device import launch
from nnkit.layers.base import Layer, Shape

__all__ = ["Permute"]

_MOST = 4  # Axes besides the batch: what the kernel takes.


class Permute(Layer):
    """The axes in another order.

    Parameters
    ----------
    dims : tuple of int
        For each axis of the output, the batch left out, which axis of the input it is, from 1 on.
        At most four.
    **options
        Those of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        ``dims`` is not an order of 1, 2, ...; or, once the input's shape is known, it has another
        number of axes.

    Notes
    -----
    Output axis i is input axis dims[i - 1]. Backward: dy in the old order.

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
        """See that the number of axes fits."""
        self.compute_output_shape(input_shape)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """y = x in the new order."""
        return self._ordered(x, self.dims)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx = dy in the old order."""
        return self._ordered(dy, self._inverse)

    def _ordered(self, x: np.ndarray, dims: Sequence[int]) -> np.ndarray:
        y = self.empty((x.shape[0], *(x.shape[n] for n in dims)))
        missing = _MOST - len(dims)
        steps = [x.strides[n] // x.itemsize for n in dims]
        wide = y.reshape(y.shape[0], *(1,) * missing, *y.shape[1:])
        launch.permute(x.reshape(x.shape[0], y[:1].size), *(0,) * missing, *steps, wide)
        return y
