"""Softmax."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from nnkit import checks
from nnkit.engine.dispatch import launch
from nnkit.errors import warn
from nnkit.layers.base import Layer, Shape

__all__ = ["OverAxis", "Softmax"]


class OverAxis(Layer, abstract=True):
    """A function of vectors along an axis, with two kernels, ``NAME`` and ``NAME_backward``.

    Attributes
    ----------
    function : str
        Name of the kernel.
    """

    recordable = True
    supports_masking = True
    function: ClassVar[str]

    def __init__(self, axis: int = -1, **options: Any) -> None:
        super().__init__(**options)
        self.axis = checks.integer(type(self).__name__, "axis", axis, -8, 8)

    def build(self, input_shape: Shape) -> None:
        """Check that the input has the axis."""
        self.compute_output_shape(input_shape)
        if input_shape[self.axis] == 1:
            warn(
                f"layer {self.name!r} ({type(self).__name__}) is over an axis of size 1, so it "
                "gives the same whatever its input; did you mean a sigmoid?"
            )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The same."""
        rank = len(input_shape)
        if not -rank < self.axis < rank or self.axis == 0:
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}) has axis {self.axis}, but the axes "
                f"of inputs of shape {input_shape} that can be normalised are 1 to {rank - 1}, or "
                f"-1 to {1 - rank}"
            )
        return input_shape

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """y = f(x) for every vector along the axis."""
        self.y = y = self.empty(x.shape)  # Another thread may set self.y in the meantime.
        getattr(launch, self.function)(self._around_axis(x), self._around_axis(y))
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx = J^T dy with the Jacobian J of every vector along the axis."""
        dx = self.empty(dy.shape)
        arrays = (self._around_axis(a) for a in (dy, self.y, dx))
        getattr(launch, f"{self.function}_backward")(*arrays)
        return dx

    def _around_axis(self, x: np.ndarray) -> np.ndarray:
        """View x as (axes before, axis, axes after)."""
        axis = self.axis % x.ndim
        return x.reshape(math.prod(x.shape[:axis]), x.shape[axis], math.prod(x.shape[axis + 1 :]))


class Softmax(OverAxis):
    """Positive numbers that sum to 1 along an axis: ``exp(x) / sum(exp(x))``.

    Parameters
    ----------
    axis : int
        Any axis but 0, the batch.
    **options
        Arguments of :class:`Layer`.

    Raises
    ------
    TypeError, ValueError
        The axis is not an integer, or is the batch's; or, once the input's shape is known, the
        input doesn't have it.

    Notes
    -----
    Output of the input's shape. Backward: dx = y (dy - sum(dy y)), the sum along the axis. In
    training, a crossentropy after this layer reads the layer's input and computes both in one
    kernel, which is more precise.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> nnkit.layers.Softmax()(np.array([[5.0, 5.0], [0.0, 1000.0]]))
    array([[0.5, 0.5],
           [0. , 1. ]], dtype=float32)
    """

    function = "softmax"
