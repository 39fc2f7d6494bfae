"""The ``call`` of a layer as functions of arrays, with the gradients that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit.arguments import takes
from nnkit.engine.variable import Variable as Weight
from nnkit.symbolic.differentiable import Differentiable
from nnkit.symbolic.graph import Variable
from nnkit.symbolic.tensor.variable import TensorType

if TYPE_CHECKING:
    from nnkit.layers.base import Layer, Shape

__all__ = ["LayerExpression"]

# In place of an unknown batch size, and of other unknown sizes: these are longer than most windows
# and slices, and divisible by many numbers.
_TRIED = (2, 240), (3, 360)


class LayerExpression:
    """What the ``call`` of a layer says, for one shape of samples.

    Parameters
    ----------
    layer : Layer
        Built.
    training : bool
        What ``call`` is told.
    shape : tuple
        Of the input, the batch axis first.
    """

    def __init__(self, layer: Layer, training: bool, shape: Shape) -> None:
        axes = [False, *(size == 1 for size in shape[1:])]
        types = [TensorType(layer.dtype, axes)]
        types += [TensorType(v.dtype, [size == 1 for size in v.shape]) for v in layer.variables]

        def build(x: Any, *weights: Any) -> Any:
            traced = _traced(layer, weights)
            told = {"training": training} if takes(traced.call, "training") else {}
            return traced.call(x, **told)

        wanted = [0, *(i + 1 for i, v in enumerate(layer.variables) if v.trainable)]
        self._derived = Differentiable(layer.name, build, types, layer.dtype, wanted)

    def forward(self, layer: Layer, x: np.ndarray, training: bool) -> np.ndarray:
        """The output for a batch."""
        return self._derived.forward(layer, [x, *_values(layer)], training)

    def backward(self, layer: Layer, x: np.ndarray, dy: np.ndarray) -> np.ndarray | None:
        """The gradient of the input if anyone needs it; those of the weights are written."""
        trained = set(layer.trainable_weights)
        into: dict[int, np.ndarray | None] = {
            i + 1: v.gradient for i, v in enumerate(layer.variables) if v in trained
        }
        if layer.propagate:
            into[0] = None
        found = self._derived.backward(layer, [x, *_values(layer)], dy, into)
        return found[-1] if layer.propagate else None

    def output_shape(self, layer: Layer, shape: Shape) -> Shape:
        """Sizes that are the same whatever the unknown ones are; None for the others."""
        weights = [v.shape for v in layer.variables]
        batch, *sample = shape
        small, large = (
            self._derived.sizes(
                [(batch or rows, *(tried if n is None else n for n in sample)), *weights]
            )
            for rows, tried in _TRIED
        )
        fixed = tuple(a if a == b else None for a, b in zip(small, large, strict=True))
        return (shape[0], *fixed[1:])


def _traced(layer: Layer, weights: Sequence[Variable]) -> Any:
    """The layer with symbolic variables in place of its weights, so that ``call`` can use them."""
    by = {id(v): symbol for v, symbol in zip(layer.variables, weights, strict=True)}
    traced = object.__new__(type(layer))

    def replaced(value: Any) -> Any:
        if isinstance(value, Weight):
            return by.get(id(value), value)
        if type(value) in (list, tuple):
            return type(value)(replaced(v) for v in value)
        if type(value) is dict:
            return {k: replaced(v) for k, v in value.items()}
        return value

    traced.__dict__.update({name: replaced(value) for name, value in vars(layer).items()})
    return traced


def _values(layer: Layer) -> list[np.ndarray]:
    return [v.value for v in layer.variables]
