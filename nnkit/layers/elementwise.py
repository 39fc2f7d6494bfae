"""What is common to layers that are a function of each element."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from nnkit.engine.device import launch
from nnkit.layers.base import Layer

__all__ = ["Elementwise"]


class Elementwise(Layer, abstract=True):
    """A function of each element, made of two kernels, ``NAME`` and ``NAME_backward``.

    :class:`nnkit.layers.Tanh` is the same, written out for reading.

    Attributes
    ----------
    function : str
        Name of the kernel.
    from_output : bool
        Whether the gradient is computed from the output; otherwise from the input.
    """

    recordable = True
    supports_masking = True
    function: str
    from_output: ClassVar[bool] = False

    def numbers(self) -> tuple[float, ...]:
        """What both kernels take besides arrays."""
        return ()

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """The function of every element."""
        y = self.empty(x.shape)
        getattr(launch, self.function)(x, *self.numbers(), y)
        self.kept = y if self.from_output else x
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """The gradient, times the function's slope."""
        dx = self.empty(dy.shape)
        getattr(launch, f"{self.function}_backward")(dy, self.kept, *self.numbers(), dx)
        return dx
