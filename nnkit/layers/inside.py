"""What is common to layers that are made of layers: unique names, and plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit import budget
from nnkit.layers.base import Layer, Shape
from nnkit.registry import resolve

__all__ = ["build_in_turn", "layers_from", "name_among"]


def build_in_turn(owner: str, layers: Sequence[Layer], shape: Shape) -> Shape:
    """Build layers that follow each other; the shape of what the last gives.

    Raises
    ------
    TypeError, ValueError
        One doesn't fit; then none is built that wasn't before.
    """
    fresh = [layer for layer in layers if layer.input_shape is None]
    for layer in layers:
        try:
            layer.ensure_built(shape)
            shape = _stated(layer.compute_output_shape(shape))
            sample = tuple(n or 1 for n in shape[1:])
            budget.check_possible(sample, layer.dtype, f"what {layer.name!r} gives for a sample")
        except BaseException as error:
            for other in fresh:  # The next try may be with another shape.
                other.forget()
            if isinstance(error, (TypeError, ValueError, MemoryError)):
                # NumPy's MemoryError is made of a shape, not of a message.
                kind = MemoryError if isinstance(error, MemoryError) else type(error)
                raise kind(f"{owner}: cannot build {layer.name!r}: {error}") from error
            raise
    return shape


def _stated(shape: Any) -> Shape:
    """What ``compute_output_shape`` returned, if it is a shape: all that follows relies on it."""
    sizes = shape if isinstance(shape, (tuple, list)) else ()
    if not sizes or not all(
        n is None or (isinstance(n, int | np.integer) and n >= 0) for n in sizes
    ):
        raise TypeError(
            "compute_output_shape must return a tuple of sizes, the batch's first, such as "
            f"(None, 3); got {shape!r}"
        )
    return tuple(sizes)


def name_among(others: Sequence[Layer], layer: Layer) -> None:
    """Make a default name unique: dense, dense_1, dense_2. A layer that is there may come again.

    Raises
    ------
    ValueError
        Another layer has the name that the user gave.
    """
    taken = {other.name for other in others if other is not layer}
    if layer.name in taken and layer.named:
        raise ValueError(f"two layers are called {layer.name!r}; give one another name=")
    base, number = layer.name, 0
    while layer.name in taken:
        number += 1
        layer.name = f"{base}_{number}"
    layer.named = True  # Another model that it joins must not rename it.


def layers_from(described: Sequence[Any]) -> list[Layer]:
    """Layers from themselves or from plain data; what has one name is one layer, used again."""
    made: dict[str, Layer] = {}
    layers = []
    for given in described:
        layer: Layer = resolve("layer", given)
        if isinstance(given, dict):
            layer = made.setdefault(layer.name, layer)
        layers.append(layer)
    return layers
