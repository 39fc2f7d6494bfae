"""Elementwise: the base class of layers that apply a function to each element."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from nnkit.engine.dispatch import launch
from nnkit.layers.base import Layer

__all__ = ["Elementwise"]


class Elementwise(Layer, abstract=True):
    """Apply a function to each element with two kernels, ``NAME`` and ``NAME_backward``.

    :class:`nnkit.layers.Tanh` does this without the base class, as an example to read.

    Attributes
    ----------
    function : str
        Name of the kernel.
    numbers : tuple of float or str
        What both kernels take besides arrays: numbers, and names of attributes that hold one.
    from_output : bool
        Whether ``NAME_backward`` reads the output; otherwise it reads the input.
    """

    recordable = True
    supports_masking = True
    function: str
    numbers: ClassVar[tuple[float | str, ...]] = ()
    from_output: ClassVar[bool] = False

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """y = f(x) for every element."""
        y = self.empty(x.shape)
        getattr(launch, self.function)(x, *self._numbers(), y)
        self.kept = y if self.from_output else x
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx = dy f'(x) for every element."""
        dx = self.empty(dy.shape)
        getattr(launch, f"{self.function}_backward")(dy, self.kept, *self._numbers(), dx)
        return dx

    def _numbers(self) -> list[float]:
        return [getattr(self, n) if isinstance(n, str) else n for n in self.numbers]
