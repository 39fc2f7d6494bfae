"""Finding the cause of a NaN: the epoch, the batch and the first layer that made it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit.data import first_not_finite
from nnkit.engine.copies import kept, restore
from nnkit.engine.step import Step
from nnkit.errors import warn
from nnkit.layers.base import Layer
from nnkit.training.steps import train_batch

if TYPE_CHECKING:
    from nnkit.training.loops import Batches, Run
    from nnkit.training.session import Session

__all__ = ["explain", "warn_of_nan"]


def explain(session: Session, step: Step, run: Run, batches: Batches) -> None:
    """Do some steps; if numbers are not finite after them, repeat them to find the first cause.

    A step is a function of its state, so repeating it from a copy gives the same numbers.

    Raises
    ------
    FloatingPointError
        The text names the epoch and the batch (both counted from 0) and the layer.
    """
    state = session.state
    before = kept(state)
    block = run.block
    step.run(block.bound, batches.steps)
    if _finite(session):
        return
    restore(state, before)
    for _ in range(batches.steps):
        before = kept(state)
        step.run(block.bound, 1)
        if not _finite(session):
            break
    restore(state, before)
    found: list[str] = []

    def watch(part: Layer, what: str, array: np.ndarray) -> None:
        if not found and not np.isfinite(array).all():
            found.append(
                f"the {what} of layer {part.name!r}, with {np.isnan(array).sum()} NaN and "
                f"{np.isinf(array).sum()} infinite of {array.size} numbers"
            )

    number = int(session.counters.batch[0]) - batches.at + batches.first
    shapes = block.data.shapes
    graph = session.graph(shapes, training=True)
    graph.watch = watch
    try:
        bound = block.data.on_host() | {"order": block.bound["order"]}
        train_batch(session, session.samples(shapes, block.data.forms), step.window, bound)
    finally:
        graph.watch = None
    restore(state, before)  # So that the model has its last finite weights.
    cause = found[0] if found else "the loss, or the weights after the update"
    raise FloatingPointError(
        f"training stopped being finite in epoch {run.epoch}, batch {number}: first not finite is "
        f"{cause}. The learning rate is {session.optimizer.learning_rate:g}; try a smaller "
        "one, or clipnorm=1."
    )


def warn_of_nan(samples: Sequence[Any], dtype: str, before: int = 0) -> bool:
    """Warn if a prediction is not finite because one of its inputs is not; whether it is so.

    ``before`` samples came before these.
    """
    for x in samples:
        row = first_not_finite(x, dtype)
        if row is not None:
            warn(
                f"x contains NaN or infinity (in {dtype}), first in sample {before + row}, and so "
                "does the prediction: clean the data",
                RuntimeWarning,
            )
            return True
    return False


def _finite(session: Session) -> bool:
    numbers = kept([session.objective.losses[0], session.storage.values])
    return all(bool(np.isfinite(a).all()) for a in numbers)
