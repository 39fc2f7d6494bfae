"""Data that layers adapt to: an array, or batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nnkit.conversion import is_array, to_numpy

__all__ = ["batches_of"]


def batches_of(
    owner: str,
    data: Any,
    steps: int | None = None,
    convert: Callable[[Any, str], np.ndarray] = to_numpy,
) -> Iterator[np.ndarray]:
    """Arrays of what a method ``adapt`` was given.

    Parameters
    ----------
    owner : str
        Named in errors.
    data : array, or iterable of arrays
        A list, tuple or range of numbers or strings, nested or not, is one array. Of a batch that
        is a tuple, the first item counts.
    steps : int, optional
        The number of batches to take; all by default.
    convert : callable
        Makes arrays, with an error that has the name that it is given.

    Raises
    ------
    TypeError, ValueError
        There are no arrays in it.
    """
    if isinstance(data, (str, bytes, dict)) or not any(
        hasattr(data, name) for name in ("__iter__", "__getitem__", "__array__")
    ):
        raise TypeError(
            f"{owner}: adapt takes an array, or an iterable of batches, got {type(data).__name__}"
        )
    if is_array(data) or _is_one_array(data):
        yield convert(data, f"{owner}: the data of adapt")
        return
    if not hasattr(data, "__iter__"):  # As of Keras's PyDataset.
        data = (data[i] for i in range(len(data)))
    for i, batch in enumerate(data):
        if i == steps:
            break
        yield convert(
            batch[0] if isinstance(batch, tuple) and batch else batch, f"{owner}: batch {i}"
        )


def _is_one_array(data: Any) -> bool:
    """Whether a list holds numbers, strings or lists of these."""
    while isinstance(data, (list, tuple, range)):
        if not len(data):
            return False
        data = data[0]
        if is_array(data) and data.ndim:
            return False
    return isinstance(data, (bool, int, float, str, bytes, np.generic))
