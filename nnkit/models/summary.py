"""The table that ``model.summary()`` prints."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from nnkit import checks
from nnkit.layers.nodes import map_shapes
from nnkit.nested import leaves

if TYPE_CHECKING:
    from nnkit.layers.base import Layer
    from nnkit.layers.nodes import Node
    from nnkit.models.model import Model

__all__ = ["summary"]


def summary(
    model: Model,
    line_length: int | None,
    print_fn: Callable[[str], Any] | None,
    expand_nested: bool,
    show_trainable: bool,
    layer_range: Sequence[str] | None,
) -> None:
    """Print a table of a model's layers, with their connections if it is more than a line."""
    checks.flag("summary", "expand_nested", expand_nested)
    checks.flag("summary", "show_trainable", show_trainable)
    if print_fn is not None and not callable(print_fn):
        raise TypeError(f"summary: print_fn is called with each line, got {print_fn!r}")
    model.refuse_loops()
    connected = not _is_line(model)
    if line_length is None:
        line_length = 98 if connected else 65
    checks.integer("summary", "line_length", line_length, 40, 10_000)
    show = print_fn or print
    shares = (0.34, 0.24, 0.14, 0.28) if connected else (0.5, 0.3, 0.2)
    widths = [int(line_length * share) for share in shares]
    widths[-1] = line_length - sum(widths[:-1])

    def show_row(layer: str, shapes: Sequence[str], count: str, sources: Sequence[str]) -> None:
        """Print one row; cells with several values, or too long for a line, take several."""
        cells = [_wrapped([layer], widths[0] - 2), _wrapped(shapes, widths[1] - 2), [count]]
        if connected:
            cells.append(_wrapped(sources, widths[3] - 2))
        for left, middle, number, *right in zip_longest(*cells, fillvalue=""):
            line = f"{left:<{widths[0]}}{middle:<{widths[1]}}{number:>{widths[2]}}"
            show("  ".join([line, *right]).rstrip())

    show(f"Model: {model.name!r}")
    show("=" * line_length)
    show_row("Layer (type)", ["Output shape"], "Weights", ["Connected to"])
    show("-" * line_length)
    shown = None if layer_range is None else _within(model, layer_range)
    for depth, layer, shapes, sources in _rows(model, expand_nested, shown):
        label = f"{'  ' * depth}{layer.name} ({type(layer).__name__})"
        if show_trainable and layer.variables and not layer.trainable:
            label += " frozen"
        count = f"{layer.count_params():,}" if not hasattr(layer, "network") or layer.built else "?"
        show_row(label, shapes or ["?"], count, sources)
    show("=" * line_length)
    if not model.built:
        show("Not built yet: the weights are made when the model first sees data.")
        return
    total = model.count_params()
    trainable = sum(v.size for v in model.trainable_weights)
    size = sum(v.nbytes for v in model.weights)
    show(f"Total weights: {total:,} ({size / 1024:,.1f} KiB)")
    show(f"Trainable: {trainable:,}   Not trainable: {total - trainable:,}")
    if model.compiled:
        optimizer, weights = model.optimizer, model.trainable_weights
        kept = [optimizer.slot_shape(slot, v) for slot in optimizer.all_slots for v in weights]
        more = sum(map(math.prod, kept))
        show(f"Optimizer {type(optimizer).__name__}: {more:,} more numbers")


def _within(model: Model, layer_range: Sequence[str]) -> list[Layer]:
    """The layers from the first whose name matches to the last."""
    names = list(layer_range) if isinstance(layer_range, (list, tuple)) else []
    if len(names) != 2 or not all(isinstance(name, str) for name in names):
        raise TypeError(f"summary: layer_range is a pair of names, got {layer_range!r}")
    ends = []
    for name in names:
        found = [i for i, layer in enumerate(model.layers) if re.fullmatch(name, layer.name)]
        if not found:
            raise ValueError(f"summary: layer_range: no layer is called {name!r}")
        ends.append(found)
    first, last = sorted((ends[0][0], ends[1][-1]))
    return list(model.layers[first : last + 1])


def _nodes(model: Any) -> Sequence[Node]:
    """The uses of layers in a model; none if it has no graph yet."""
    return getattr(getattr(model, "network", None), "nodes", ())


def _wrapped(texts: Sequence[str], width: int) -> list[str]:
    """The lines of texts: nothing is cut off, so that no number is read wrongly."""
    lines = []
    for text in texts:
        indent = text[: len(text) - len(text.lstrip())][: width // 2]
        lines += wrap(
            text.strip(),
            width,
            initial_indent=indent,
            subsequent_indent=indent + "  ",
            break_on_hyphens=False,
        )
    return lines


def _is_line(model: Any) -> bool:
    """Whether every layer is used once, and what it gives goes to one layer at most."""
    nodes = _nodes(model)
    if not nodes:
        return True
    layers = Counter(id(node.layer) for node in nodes)
    read = Counter(id(p) for node in nodes for p in node.inputs)
    return (
        len(model.inputs) == 1
        and all(len(node.inputs) == 1 and len(leaves(node.outputs)) == 1 for node in nodes)
        and all(count == 1 for count in [*layers.values(), *read.values()])
    )


def _rows(
    model: Any, expand_nested: bool, shown: Sequence[Layer] | None = None, depth: int = 0
) -> Iterator[tuple[int, Layer, list[str], list[str]]]:
    """For each layer its depth, itself, the shapes that it gives, and where its inputs are from."""
    uses: dict[int, list[Node]] = {}
    number: dict[int, int] = {}
    nodes = _nodes(model)
    begins = [p.node for p in model.inputs if p.node is not None] if nodes else []
    for node in dict.fromkeys([*begins, *nodes]):
        of_layer = uses.setdefault(id(node.layer), [])
        number[id(node)] = len(of_layer)
        of_layer.append(node)

    for layer in model.layers if shown is None else shown:
        shapes: list[str] = []
        sources: list[str] = []
        for node in uses.get(id(layer), []):
            shapes += [str(p.shape) for p in leaves(node.outputs)]
            for p in node.inputs:
                if p.node is not None:
                    sources.append(f"{p.node.layer.name}[{number.get(id(p.node), 0)}][{p.index}]")
        if not uses.get(id(layer)):
            shapes = _shapes_of(layer)
        yield depth, layer, shapes[:1] if len(set(shapes)) == 1 else shapes, sources
        if expand_nested and getattr(layer, "layers", None):
            yield from _rows(layer, expand_nested, None, depth + 1)


def _shapes_of(layer: Layer) -> list[str]:
    """What a layer gives that no node shows: it was built by the ``call`` of another."""
    if layer.input_shape is None:
        return []
    try:
        shapes: list[str] = []
        map_shapes(
            lambda shape: shapes.append(str(shape)), layer.compute_output_shape(layer.input_shape)
        )
    except (TypeError, ValueError, NotImplementedError):
        return []  # Its call takes more than inputs.
    return shapes
