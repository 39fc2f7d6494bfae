"""Values as they are, with another gradient: none, a limited one, a multiple, one of your own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnkit.symbolic.graph import Variable
from nnkit.symbolic.op import Gradients, Op, Variables
from nnkit.symbolic.tensor.math import clip
from nnkit.symbolic.tensor.variable import TensorType, constant

__all__ = [
    "IDENTITIES",
    "GradClip",
    "GradScale",
    "Overridden",
    "StopGradient",
    "consider_constant",
    "disconnected_grad",
    "grad_clip",
    "grad_scale",
    "zero_grad",
]


class _Identity(Op):
    """The value itself."""

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """That of the input."""
        return [inputs[0].type]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """The array itself."""
        return arrays[0]


@dataclass(frozen=True, repr=False)
class StopGradient(_Identity):
    """The value itself, which gradients don't pass.

    Parameters
    ----------
    connected : bool
        Whether the gradient is zeros; otherwise the value counts as one that does not depend on
        anything.
    """

    connected: bool

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """There is none."""
        return [None]


@dataclass(frozen=True, repr=False)
class GradClip(_Identity):
    """The value itself, with limits for its gradient.

    Parameters
    ----------
    lower, upper : float
    """

    lower: float
    upper: float

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """The gradient within the limits."""
        return [clip(cotangents[0], self.lower, self.upper)]


@dataclass(frozen=True, repr=False)
class GradScale(_Identity):
    """The value itself, with a multiple of its gradient.

    Parameters
    ----------
    multiplier : float
    """

    multiplier: float

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """The gradient times the multiplier."""
        return [cotangents[0] * constant(self.multiplier, dtype=cotangents[0].dtype)]


@dataclass(frozen=True, repr=False)
class Overridden(Op):
    """Some values as they are, with another gradient by what they are made of.

    Parameters
    ----------
    gradient : callable
    count : int
        How many of the inputs are the values.
    """

    gradient: Callable[..., Any]
    count: int

    def __repr__(self) -> str:
        return "Overridden"

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """Those of the values."""
        return [v.type for v in inputs[: self.count]]

    def perform(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        """The values."""
        return arrays[: self.count]

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """By what the values are made of alone."""
        given = list(inputs[self.count :])
        made = self.gradient(given, list(outputs), list(cotangents))
        made = list(made) if isinstance(made, (list, tuple)) else [made]
        if len(made) != len(given):
            raise ValueError(
                f"a gradient is needed for each of {len(given)} inputs, got {len(made)}"
            )
        return [*[None] * self.count, *made]


IDENTITIES = (StopGradient, GradClip, GradScale, Overridden)


def zero_grad(x: Any) -> Any:
    """The value of x as something whose gradient by x is zeros."""
    return StopGradient(True)(x)


def disconnected_grad(x: Any) -> Any:
    """The value of x as something that does not depend on x for gradients."""
    return StopGradient(False)(x)


def consider_constant(x: Any) -> Any:
    """The value of x as a constant for gradients: :func:`zero_grad`."""
    return zero_grad(x)


def grad_scale(x: Any, multiplier: float) -> Any:
    """The value of x, with a gradient that is multiplied; by -1 it goes the other way."""
    return GradScale(float(multiplier))(x)


def grad_clip(x: Any, lower_bound: float, upper_bound: float) -> Any:
    """The value of x, with a gradient that is limited from both sides."""
    return GradClip(float(lower_bound), float(upper_bound))(x)
