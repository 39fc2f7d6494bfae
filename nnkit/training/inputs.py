"""The forms in which a model's one input and its targets may come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnkit.conversion import is_array
from nnkit.data import as_array

__all__ = ["fitted", "only_input", "targets_for"]

Shape = tuple[int, ...]


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
