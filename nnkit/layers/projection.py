"""Projection: a Dense layer over several axes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnkit.engine.dispatch import launch
from nnkit.layers.base import Layer, Shape

__all__ = ["Projection"]


class Projection(Layer, abstract=True):
    """The product of the last axes of the input with a kernel, plus a bias; inside other layers.

    Parameters
    ----------
    outputs : tuple of int
        Sizes of the axes that take the place of the input's last.
    inputs : int
        How many axes of the input are multiplied.
    use_bias : bool
    kernel, bias : tuple
        Initializer, regularizer and constraint of each.
    **options
        Arguments of :class:`Layer`.

    Attributes
    ----------
    kernel : Variable
        (the input's last sizes, the outputs).
    bias : Variable or None
        (the outputs).
    """

    recordable = True

    def __init__(
        self,
        outputs: tuple[int, ...],
        inputs: int,
        use_bias: bool,
        kernel: tuple[Any, Any, Any],
        bias: tuple[Any, Any, Any],
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.outputs, self.inputs, self.use_bias = outputs, inputs, use_bias
        self.plan_weight("kernel", *kernel)
        self.plan_weight("bias", *bias)

    def fixed_sizes(self, shape: Shape) -> tuple[int | None, ...]:
        """The sizes that are multiplied."""
        return shape[-self.inputs :]

    def build(self, input_shape: Shape) -> None:
        """Make the kernel, and the bias if there is one."""
        sizes = [self.known_size(input_shape, axis) for axis in range(-self.inputs, 0)]
        self.kernel = self.add_weight("kernel", (*sizes, *self.outputs))
        self.bias = self.add_weight("bias", self.outputs) if self.use_bias else None

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The outputs in place of the input's last sizes."""
        return (*input_shape[: -self.inputs], *self.outputs)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """z = x kernel + bias."""
        self._shape, self._rows = x.shape, self._matrix(x, self.inputs)
        z = self.empty(tuple(n or 0 for n in self.compute_output_shape(x.shape)))
        matrix, rows = self._matrix(self.kernel.value, len(self.outputs)), self._matrix(z)
        if self.bias is None:
            launch.matmul(self._rows, matrix, rows)
        else:
            launch.matmul_bias(self._rows, matrix, self.bias.value.reshape(-1), rows)
        return z

    def backward(self, dy: np.ndarray) -> np.ndarray | None:
        """Compute the weights' gradients, and return the input's if anyone needs it."""
        dz, kernel = self._matrix(dy), self.kernel
        launch.matmul(self._rows.T, dz, self._matrix(kernel.gradient))
        if self.bias is not None:
            launch.sum_rows(dz, 0, self.bias.gradient.reshape(-1))
        if not self.propagate:
            return None
        dx = self.empty(self._shape)
        launch.matmul(dz, self._matrix(kernel.value).T, self._matrix(dx, self.inputs))
        return dx

    def _matrix(self, x: np.ndarray, axes: int | None = None) -> np.ndarray:
        """An array with its last axes as columns, by default those of the outputs."""
        return x.reshape(-1, math.prod(x.shape[-(axes or len(self.outputs)) :]))
