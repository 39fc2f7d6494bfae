"""Ownership of optimizers, losses and metrics, which keep arrays and counters of one model."""

from __future__ import annotations

import copy
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nnkit import metrics
from nnkit.losses import Loss
from nnkit.metrics import Metric
from nnkit.optimizers.base import Optimizer
from nnkit.weak import WeakTable

if TYPE_CHECKING:
    from nnkit.models.trainer import Trainer

__all__ = ["adopt", "check_metrics", "own"]

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
    optimizer.iterations = 0
    return optimizer


def own(model: Trainer, part: Any) -> Any:
    """The loss or metric, or a copy if it is another model's; other values unchanged."""
    if not isinstance(part, (Loss, Metric)):
        return part
    if _owner(part) not in (None, model):
        part = copy.copy(part)
    _owners[part] = weakref.ref(model)
    return part


def check_metrics(given: Any) -> None:
    """Refuse unknown metrics when the model is compiled, not after the first data."""
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise TypeError(f"metrics is a list, for example ['accuracy'], got {given!r}")
    names = ["loss", *(metrics.get(metric).name for metric in given)]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"two results would be called {twice.pop()!r}; give metrics other names")


def _owner(part: Any) -> Any:
    """The model that uses a part, or None."""
    known = _owners.get(part)
    return None if known is None else known()
