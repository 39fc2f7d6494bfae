"""Ownership of optimizers, losses and metrics, which keep arrays and counters of one model."""

from __future__ import annotations

import copy
import weakref
from typing import TYPE_CHECKING, Any

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

    Raises
    ------
    ValueError
        Another model uses the optimizer, which counts that model's steps.
    """
    owner = _owner(optimizer)
    if owner not in (None, model) and owner.optimizer is optimizer:
        raise ValueError(
            f"this {type(optimizer).__name__} belongs to another model, whose steps it counts; "
            f"make one for each model: {type(optimizer).__name__}(...)"
        )
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
