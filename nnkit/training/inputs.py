"""Checks and conversion of the data that users pass to ``fit``, ``evaluate`` and ``predict``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from nnkit.checks import integer
from nnkit.conversion import is_array
from nnkit.data import Arrays, as_array, check_finite, check_lengths, sample_weights
from nnkit.errors import warn
from nnkit.losses.base import Loss
from nnkit.networks import Network

if TYPE_CHECKING:
    from nnkit.models.trainer import Trainer

__all__ = [
    "arrays",
    "batch_size",
    "check_whole_batches",
    "checked",
    "fitted",
    "only_input",
    "samples",
    "targets_for",
    "validation_arrays",
    "warn_of_doubts",
]

Shape = tuple[int, ...]


def arrays(
    model: Trainer,
    x: Any,
    y: Any,
    sample_weight: Any = None,
    class_weight: Mapping[int, float] | None = None,
) -> Arrays:
    """Check data against a model and each other; build the model if this is its first."""
    network, loss = model.network, model.loss
    x = samples(network, x)
    y = targets_for(y, "y", len(x))
    check_lengths({"x": x, "y": y})
    check_finite(x, "x", network.dtype)
    check_finite(y, "y", network.dtype)
    x = checked(model, x)
    shape = network.output_shape
    targets = loss.prepare(y, (len(x), *shape[1:]))
    if sample_weight is not None:
        sample_weight = targets_for(sample_weight, "sample_weight", len(x))
    weight = sample_weights(targets, sample_weight, class_weight, network.dtype, shape)
    return Arrays(x, targets, weight)


def validation_arrays(model: Trainer, given: Any) -> Arrays:
    """What ``fit`` is given as ``validation_data``, checked like the rest."""
    if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
        raise ValueError("validation_data is (x, y) or (x, y, sample_weight)")
    try:
        return arrays(model, *given)
    except (TypeError, ValueError) as error:
        raise type(error)(f"validation_data: {error}") from error


def samples(network: Network, x: Any) -> Any:
    """What is given as x, also in a list or dictionary of the one input, as an array."""
    if not isinstance(x, np.ndarray):
        shape = None if network.input_shape is None else network.sample_shape
        x = only_input(x, "x", shape, network.input_name)
    return as_array(x, "x", stays=True)


def checked(model: Trainer, x: Any) -> Any:
    """Samples with the axes that a model takes; the model is built if it was not."""
    network = model.network
    if network.input_shape is None and x.ndim > 1:
        model.build((None, *x.shape[1:]))
    if network.input_shape is None or x.shape[1:] != network.input_shape[1:]:
        x = _with_axes(network.sample_shape, x)
    network.check_values(x, "x")
    return x


def _with_axes(shape: Shape, x: Any) -> Any:
    found = fitted(x, shape)
    if shape and found.shape[1:] == shape:
        return found
    hint = ""
    if x.ndim == 1 and not shape:
        hint = "; samples of one feature need an axis for it: x[:, None]"
    elif x.shape == shape:
        hint = "; a single sample needs a batch axis: x[None]"
    raise ValueError(
        f"x has samples of shape {x.shape[1:]}, but the model takes "
        f"{shape or 'at least one axis'}{hint}"
    )


def warn_of_doubts(
    network: Network, loss: Loss, data: Arrays, held_out: Arrays | None = None
) -> None:
    """Warn, once, of targets that can be taken but are rarely meant."""
    for given, prefix in ((data, ""), (held_out, "validation_data: ")):
        if given is None:
            continue
        counts = None if given.weight is None else given.weight != 0
        if network.makes_mask:
            counts = np.zeros((len(given), 1), bool)  # Which steps count, only the step knows.
        doubts = loss.doubts(cast(np.ndarray, given.y), network.output_shape, counts)
        if doubts:
            warn(prefix + doubts, UserWarning)
            return


def batch_size(network: Network, method: str, name: str, given: Any, default: int) -> int:
    """How many rows a batch has, by an argument of a method."""
    fixed = network.fixed_batch_size
    if given is None:
        return fixed or default
    size = integer(method, name, given)
    if fixed and size != fixed:
        raise ValueError(
            f"{method}: {name} is {size}, but the model is stateful, with batches of {fixed} "
            f"rows; leave {name} out"
        )
    return size


def check_whole_batches(network: Network, data: Any, name: str) -> None:
    """Refuse a smaller last batch where each row is remembered."""
    fixed = network.fixed_batch_size
    if fixed and len(data) % fixed:
        raise ValueError(
            f"{name} has {len(data)} samples, but the model is stateful, with batches of "
            f"{fixed} rows: give a multiple of {fixed}"
        )


def fitted(x: Any, shape: Shape) -> Any:
    """Samples with the axes that a model takes, where they differ by a last axis of size 1.

    As in Keras, it may be missing or too many: (n,) for samples of shape (1,), (n, 28, 28) for
    (28, 28, 1), or (n, 5, 1) for (5,). Nothing is copied.
    """
    sample = x.shape[1:]
    if sample != shape and ((*sample, 1) == shape or sample == (*shape, 1)):
        return x.reshape(len(x), *shape)
    return x


def only_input(x: Any, name: str, shape: Shape | None, input_name: str | None) -> Any:
    """The array in a list or dictionary of one input; x itself if it is neither.

    A list of one array may also be a list of one sample. What fits the model's shape is meant; both
    can fit only where they are the same numbers.

    Parameters
    ----------
    x : object
        As the user gave it.
    name : str
        What errors call it.
    shape : tuple of int or None
        Of a sample, None before the model is built.
    input_name : str or None
        Of the model's Input, None if it has none.

    Raises
    ------
    TypeError
        A dictionary of something else than the model's input.
    """
    if isinstance(x, Mapping):
        if input_name is None or set(x) != {input_name}:
            called = "" if input_name is None else f", called {input_name!r}"
            raise TypeError(
                f"{name} is a dictionary; a Sequential has one input{called}: give the array "
                f"alone, got {str(list(x))[:200]}"
            )
        return x[input_name]
    inner = _only_array(x, name)
    if inner is None:
        return x
    if shape is not None and fitted(inner, shape).shape[1:] != shape:
        sample = inner.reshape(1, *inner.shape)
        if fitted(sample, shape).shape[1:] == shape:
            return sample
    return inner


def targets_for(y: Any, name: str, rows: int) -> np.ndarray:
    """Targets or weights of so many samples, also if they come as the one array of a list."""
    inner = _only_array(y, name)
    array: np.ndarray = as_array(y if inner is None or len(inner) != rows else inner, name)
    return array


def _only_array(value: Any, name: str) -> Any:
    """The one array of a list, None if it is no list of one array."""
    if not isinstance(value, (list, tuple)) or len(value) != 1 or not is_array(value[0]):
        return None
    return None if getattr(value[0], "ndim", 1) == 0 else as_array(value[0], name, stays=True)
