"""The table that ``model.summary()`` prints."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnkit.models.model import Model

__all__ = ["summary"]


def summary(
    model: Model,
    line_length: int,
    print_fn: Callable[[str], Any] | None,
    show_trainable: bool,
) -> None:
    """Print a table of a model's layers."""
    show = print_fn or print
    widths = int(line_length * 0.5), int(line_length * 0.3)
    last = line_length - sum(widths)

    def line(layer: str, shape: str, count: str) -> str:
        cells = zip((layer, shape), widths, strict=True)
        return "".join(f"{text[: w - 1]:<{w}}" for text, w in cells) + f"{count:>{last}}"

    show(f"Model: {model.name!r}")
    show("=" * line_length)
    show(line("Layer (type)", "Output shape", "Weights"))
    show("-" * line_length)
    shape = model.input_shape
    for layer in model.layers:
        if shape is not None:
            shape = layer.compute_output_shape(shape)
        label = f"{layer.name} ({type(layer).__name__})"
        if show_trainable and layer.variables and not layer.trainable:
            label += " frozen"
        show(line(label, "?" if shape is None else str(shape), f"{layer.count_params():,}"))
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
        slots = len(model.optimizer.slots)
        show(f"Optimizer {type(model.optimizer).__name__}: {slots * trainable:,} more numbers")
