"""Ownership of optimizers, losses and metrics, which keep arrays and counters of one model."""

from __future__ import annotations

import copy
import weakref
from typing import TYPE_CHECKING, Any

from nnkit.errors import warn
from nnkit.losses import Loss
from nnkit.metrics import Metric
from nnkit.optimizers.base import Optimizer
from nnkit.weak import WeakTable

if TYPE_CHECKING:
    from nnkit.models.trainer import Trainer

__all__ = ["adopt", "own"]

_owners: WeakTable[weakref.ref[Trainer]] = WeakTable()


def adopt(model: Trainer, optimizer: Optimizer) -> Optimizer:
    """Start an optimizer from its first step.

    In Keras 2 one object served several models, as programs for GANs have it: it had moments of
    their own for each. Here a second model gets a copy, and a warning says what that changes.
    """
    owner = _owner(optimizer)
    if owner not in (None, model) and owner.optimizer is optimizer:
        kind = type(optimizer).__name__
        warn(
            f"this {kind} belongs to another model, {owner.name!r}, whose steps it counts; "
            f"{model.name!r} gets a copy in its state of now, which begins with step 0: what you "
            f"change later, such as the learning rate, change in {model.name!r}.optimizer, too. "
            f"Make one for each model: {kind}(...)"
        )
        optimizer = type(optimizer).from_config(optimizer.get_config())
    _owners[optimizer] = weakref.ref(model)
    optimizer.steps_done = 0
    return optimizer


def own(model: Trainer, part: Any) -> Any:
    """The loss or metric, or a copy if it is another model's; other values unchanged."""
    if not isinstance(part, (Loss, Metric)):
        return part
    if _owner(part) not in (None, model):
        part = copy.copy(part)
    _owners[part] = weakref.ref(model)
    return part


def _owner(part: Any) -> Any:
    """The model that uses a part, or None."""
    known = _owners.get(part)
    return None if known is None else known()
