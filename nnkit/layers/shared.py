"""Layers that are used several times in a step, with the same weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nnkit.engine.dispatch import empty, launch
from nnkit.engine.variable import Variable

if TYPE_CHECKING:
    from nnkit.layers.base import Layer
    from nnkit.layers.graph import Graph

__all__ = ["adding_up", "shares_weights"]


@contextmanager
def adding_up(part: Layer | Graph, written: set[Variable]) -> Iterator[None]:
    """Let the block's ``backward`` add to gradients that an earlier use of the weights wrote.

    Parameters
    ----------
    part : Layer or Graph
        What runs in the block. By itself it overwrites the gradients of its weights.
    written : set of Variable
        Weights whose gradients hold something already; those of the block join them.
    """
    weights = part.trainable_weights
    again = [v for v in weights if v in written]
    kept = []
    for variable in again:
        kept.append(empty(variable.shape, variable.dtype))
        launch.copy(variable.gradient, kept[-1])
    yield
    for variable, before in zip(again, kept, strict=True):
        launch.add_to(before, variable.gradient)
        variable.use_every_row()
    written.update(weights)


def shares_weights(parts: Sequence[Layer]) -> bool:
    """Whether two of the parts have a weight in common."""
    found = [variable for part in parts for variable in part.variables]
    return len(set(found)) < len(found)
