"""Sources made of what users give to ``fit`` and ``evaluate``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nnkit.checks import integer, number
from nnkit.data import Arrays, ArraySource, Feed, Source, gives_batches, split
from nnkit.training import inputs
from nnkit.training.taking import Taking

if TYPE_CHECKING:
    from nnkit.models.trainer import Trainer

__all__ = [
    "first_rows",
    "for_evaluation",
    "for_prediction",
    "for_training",
    "for_validation",
    "step_count",
]


# Rows of an evaluate step: enough for fast products, few enough to stay in cache.
_ROWS = 512


def for_training(
    model: Trainer,
    x: Any,
    y: Any,
    sample_weight: Any,
    class_weight: Mapping[int, float] | None,
    batch_size: int | None,
    steps: int | None,
    seed: int | None,
    validation_split: float,
) -> tuple[Source, Arrays | None]:
    """What ``fit`` trains on, and what it splits off for validation."""
    if gives_batches(x):
        _refuse("fit", x, y=y, sample_weight=sample_weight, batch_size=batch_size)
        if validation_split:
            raise ValueError(
                "validation_split takes the last samples of arrays; x gives batches, so give "
                "validation_data"
            )
        taking = Taking(model, class_weight=class_weight)
        return Feed(x, taking, steps, seed, training=True, steps_name="steps_per_epoch"), None
    size = inputs.batch_size(model.network, "fit", "batch_size", batch_size, 32)
    data, rest = inputs.arrays(model, x, y, sample_weight, class_weight), None
    doubted = inputs.warn_of_doubts(model.built_network(), model.goals(), data)
    if validation_split:
        data, rest = split(data, validation_split)
    inputs.check_whole_batches(model.network, data, "x")
    if steps and batch_size is None and not model.network.fixed_batch_size:
        size = math.ceil(len(data) / steps)
    source = ArraySource(data, size, seed, training=True, steps=steps)
    source.doubted = doubted
    return source, rest


def for_validation(
    model: Trainer,
    given: Any,
    batch_size: int | None,
    usual_size: int | None,
    steps: int | None,
    doubted: bool,
) -> Source:
    """What ``fit`` validates with.

    Parameters
    ----------
    model : Trainer
    given : Arrays, tuple or iterable
        ``validation_data``, or what ``validation_split`` has split off.
    batch_size, usual_size : int or None
        ``validation_batch_size`` and ``batch_size``.
    steps : int or None
    doubted : bool
        Whether there was a warning of targets already.
    """
    name = "validation_data"
    if gives_batches(given):
        _refuse("fit", given, name, validation_batch_size=batch_size)
        if steps is None and hasattr(given, "__next__") and not hasattr(given, "__getitem__"):
            raise ValueError(
                f"validation_data is a {type(given).__name__}, which may have no end, and is used "
                "up by one validation if it has: give validation_steps"
            )
        taking = Taking(model, name=name)
        feed = Feed(given, taking, steps, name=name, steps_name="validation_steps")
        feed.doubted = doubted
        return feed
    size = batch_size or model.network.fixed_batch_size or usual_size or 32
    data = given if isinstance(given, Arrays) else inputs.validation_arrays(model, given)
    if not isinstance(given, Arrays) and not doubted:
        inputs.warn_of_doubts(model.built_network(), model.goals(), data, name)
    if steps is not None:
        fixed = model.network.fixed_batch_size
        size, data = first_rows(data, batch_size or fixed or usual_size, steps)
    inputs.check_whole_batches(model.network, data, "the validation data")
    return ArraySource(data, size, name=name)


def for_evaluation(
    model: Trainer, x: Any, y: Any, sample_weight: Any, batch_size: int | None, steps: int | None
) -> Source:
    """What ``evaluate`` is to measure."""
    if gives_batches(x):
        _refuse("evaluate", x, y=y, sample_weight=sample_weight, batch_size=batch_size)
        return Feed(x, Taking(model), steps)
    usual = _ROWS if model.aims.usual_reduction else 32
    size = inputs.batch_size(model.network, "evaluate", "batch_size", batch_size, usual)
    data = inputs.arrays(model, x, y, sample_weight)
    if steps is not None:
        size, data = first_rows(data, model.network.fixed_batch_size or batch_size, steps)
    inputs.check_whole_batches(model.network, data, "x")
    return ArraySource(data, size)


def for_prediction(
    model: Trainer, x: Any, batch_size: int | None, steps: int | None, to_host: bool
) -> Feed:
    """What ``predict`` is to go through, if it gives batches."""
    _refuse("predict", x, batch_size=batch_size)
    if not to_host:
        raise ValueError("predict: to_host=False is for arrays; x gives batches")
    return Feed(x, Taking(model, compares=False), steps)


def first_rows(data: Arrays, batch_size: int | None, steps: int) -> tuple[int, Arrays]:
    """The size of a batch, and the rows of the first few batches.

    Without a size, the batches are as large as they must be to take all rows.
    """
    size = batch_size or max(1, math.ceil(len(data) / steps))
    return size, data.where(slice(None, steps * size))


def step_count(method: str, name: str, value: Any) -> int | None:
    """Check a number of batches; as in Keras 2, 3.2 of them are four."""
    if isinstance(value, float):
        value = math.ceil(number(method, name, value, "(0, 2147483648]"))
    return None if value is None else integer(method, name, value)


def _refuse(method: str, value: Any, name: str = "x", **given: Any) -> None:
    """Refuse arguments that batches bring along."""
    for argument, found in given.items():
        if found is not None:
            what = {"y": "the targets", "sample_weight": "the weights"}.get(argument)
            remedy = f"each batch has {what}" if what else "a batch is as large as it comes"
            raise ValueError(
                f"{method}: {name} is a {type(value).__name__}, which gives batches, and {remedy}: "
                f"leave {argument} out"
            )
