"""What is common to layers that are made of layers: unique names, and plain data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nnkit import budget
from nnkit.layers.base import Layer, Shape, stated_shape
from nnkit.layers.nodes import Placeholder, map_shapes
from nnkit.nested import leaves
from nnkit.registry import resolve

__all__ = ["build_in_turn", "connect_in_turn", "layers_from"]


def build_in_turn(owner: str, layers: Sequence[Layer], shape: Shape) -> Shape:
    """Build layers that follow each other; the shape of what the last gives.

    Raises
    ------
    TypeError, ValueError
        One doesn't fit; then none is built that wasn't before.
    """

    def build(layer: Layer, shape: Shape) -> Shape:
        layer.ensure_built(shape)
        made: Shape = map_shapes(stated_shape, layer.compute_output_shape(shape))
        return made

    def flat(shapes: Any) -> list[Shape]:
        found: list[Shape] = []
        map_shapes(found.append, shapes)
        return found

    return _in_turn(owner, layers, shape, build, flat)


def connect_in_turn(owner: str, layers: Sequence[Layer], x: Placeholder) -> Any:
    """Call layers one after the other on a placeholder; what the last gives.

    Raises
    ------
    TypeError, ValueError
        One doesn't fit; then none is built that wasn't before.
    """

    def connect(layer: Layer, x: Any) -> Any:
        made = layer.connected({"x": x}, None)
        if not isinstance(made, Placeholder):
            several = getattr(layer, "return_state", False)
            why = ", with return_state=True," if several else ""
            if getattr(layer, "merge_mode", "concat") is None:
                why = ", with merge_mode=None,"
            raise ValueError(
                f"it gives {len(leaves(made))} outputs{why} but in a Sequential one array goes "
                "from layer to layer; use nnkit.Model(inputs, outputs)"
            )
        return made

    return _in_turn(owner, layers, x, connect, lambda made: [p.shape for p in leaves(made)])


def _in_turn(
    owner: str,
    layers: Sequence[Layer],
    x: Any,
    act: Callable[[Layer, Any], Any],
    shapes: Callable[[Any], list[Shape]],
) -> Any:
    fresh = [layer for layer in layers if layer.input_shape is None]
    for layer in layers:
        try:
            x = act(layer, x)
            for shape in shapes(x):
                sample = tuple(n or 1 for n in shape[1:])
                budget.check_possible(
                    sample, layer.dtype, f"what {layer.name!r} gives for a sample"
                )
        except BaseException as error:
            for other in fresh:  # The next try may be with another shape.
                other.forget()
            if isinstance(error, (TypeError, ValueError, MemoryError)):
                # NumPy's MemoryError is made of a shape, not of a message.
                kind = MemoryError if isinstance(error, MemoryError) else type(error)
                raise kind(f"{owner}: cannot build {layer.name!r}: {error}") from error
            raise
    return x


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
