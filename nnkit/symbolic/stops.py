"""Values that gradients don't pass, or not as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from nnkit.symbolic.graph import Op, Variable

__all__ = [
    "GradClip",
    "GradScale",
    "StopGradient",
    "consider_constant",
    "disconnected_grad",
    "grad_clip",
    "grad_scale",
    "zero_grad",
]


class StopGradient(Op):
    """The value itself, which gradients don't pass.

    Parameters
    ----------
    connected : bool
        Whether the gradient is zeros; otherwise the value counts as one that does not depend on
        anything.
    """

    props: ClassVar[tuple[str, ...]] = ("connected",)

    def __init__(self, connected: bool) -> None:
        self.connected = connected

    def types(self, *inputs: Variable) -> Sequence[Any]:
        """That of the input."""
        return [inputs[0].type]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """The array itself."""
        return arrays[0]

    def pullback(
        self,
        inputs: Sequence[Variable],
        outputs: Sequence[Variable],
        cotangents: Sequence[Variable],
    ) -> Sequence[Variable | None]:
        """There is none."""
        return [None]


def zero_grad(x: Any) -> Any:
    """The value of x as something whose gradient by x is zeros."""
    return StopGradient(True)(x)


def disconnected_grad(x: Any) -> Any:
    """The value of x as something that does not depend on x for gradients."""
    return StopGradient(False)(x)


def consider_constant(x: Any) -> Any:
    """The value of x as a constant for gradients: :func:`zero_grad`."""
    return zero_grad(x)


class GradClip(StopGradient):
    """The value itself, with limits for its gradient.

    Parameters
    ----------
    lower, upper : float
    """

    props = ("lower", "upper")

    def __init__(self, lower: float, upper: float) -> None:
        super().__init__(connected=True)
        self.lower, self.upper = lower, upper

    def pullback(
        self,
        inputs: Sequence[Variable],
        outputs: Sequence[Variable],
        cotangents: Sequence[Variable],
    ) -> Sequence[Variable | None]:
        """The gradient within the limits."""
        from nnkit.symbolic import tensor

        return [tensor.clip(cotangents[0], self.lower, self.upper)]


class GradScale(StopGradient):
    """The value itself, with a multiple of its gradient.

    Parameters
    ----------
    multiplier : float
    """

    props = ("multiplier",)

    def __init__(self, multiplier: float) -> None:
        super().__init__(connected=True)
        self.multiplier = multiplier

    def pullback(
        self,
        inputs: Sequence[Variable],
        outputs: Sequence[Variable],
        cotangents: Sequence[Variable],
    ) -> Sequence[Variable | None]:
        """The gradient times the multiplier."""
        from nnkit.symbolic import tensor

        g: Any = cotangents[0]
        return [g * tensor.constant(self.multiplier, dtype=g.dtype)]


def grad_scale(x: Any, multiplier: float) -> Any:
    """The value of x, with a gradient that is multiplied; by -1 it goes the other way."""
    return GradScale(float(multiplier))(x)


def grad_clip(x: Any, lower_bound: float, upper_bound: float) -> Any:
    """The value of x, with a gradient that is limited from both sides."""
    return GradClip(float(lower_bound), float(upper_bound))(x)
