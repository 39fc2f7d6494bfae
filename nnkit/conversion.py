"""Conversion of users' values to NumPy arrays; no other function of nnkit converts them.

NumPy iterates over any object that has ``__len__`` and ``__getitem__``. If the object never raises
IndexError, as a data set of batches may do, NumPy fills all memory. So only values of known types
are passed to NumPy.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from nnkit import tables

__all__ = ["is_array", "to_numpy"]

_NUMBERS = (bool, int, float, complex, np.generic)
_SEQUENCES = (list, tuple, range, deque)
_DEEPEST = 64  # NumPy's limit of axes.
_REMEDIES = {
    "U": "; give names of classes numbers first: numpy.unique(y, return_inverse=True)[1]",
    "O": "; if it holds nothing but numbers, .astype(float) makes it an array of them",
}
_PROTOCOLS = ("__array__", "__array_interface__", "__array_struct__", "__dlpack__")


def to_numpy(value: Any, name: str, dtype: Any = None) -> np.ndarray:
    """Convert a value to an array of numbers in native byte order; copy only if necessary.

    Parameters
    ----------
    value : array
        An array of NumPy or another library (an object with ``__array__``, ``__array_interface__``,
        ``__dlpack__`` or a buffer); a DataFrame or Series of pandas or polars; a number; or a list,
        tuple, range or deque of these, possibly nested.
    name : str
        The name of the value in errors.
    dtype : data type, optional
        By default the value's data type.

    Raises
    ------
    TypeError
        The value has another type, such as a generator or a data set of batches; or it is ragged;
        or it has masked entries; or a column of a table doesn't contain numbers.
    ValueError
        A column of a table has missing values.

    Examples
    --------
    >>> to_numpy([[1, 2], range(2)], "x")
    array([[1, 2],
           [0, 1]])
    >>> to_numpy({1, 2}, "x")
    Traceback (most recent call last):
    TypeError: x must be an array of numbers, got set; ...
    """
    if type(value) is np.ndarray and value.dtype.kind in "fiub" and value.dtype.isnative:
        return np.asarray(value, dtype)
    if value is None:
        raise TypeError(f"{name} is missing")
    table = tables.numbers_of(value, name)
    if table is not None:
        return np.asarray(table, dtype)
    if isinstance(value, _SEQUENCES):
        for sequence in _with_inner(value, name):
            _check_items(sequence, name)
    elif not isinstance(value, _NUMBERS) and not is_array(value):
        raise TypeError(f"{name} must be an array of numbers, got {_described(value, name)}")
    _check_mask(value, name)
    has = [hasattr(value, method) for method in _PROTOCOLS]
    from_dlpack = has == [False, False, False, True]
    try:
        array = np.from_dlpack(value) if from_dlpack else np.asarray(value)
    except MemoryError:
        raise
    except Exception as error:  # Other libraries raise errors of many types.
        raise TypeError(f"{name} is not one array of numbers: {error}") from error
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{name} must be an array of numbers (float, int or bool), got "
            f"{type(value).__name__} of dtype {array.dtype}{_REMEDIES.get(array.dtype.kind, '')}"
        )
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if dtype is None:
        return array
    # From a number of Python's that is out of range, NumPy makes an error.
    return np.asarray(value if isinstance(value, (int, *_SEQUENCES)) else array, dtype)


def is_array(value: Any) -> bool:
    """Whether NumPy converts a value without iterating over it."""
    if isinstance(value, (type, str, bytes)):
        return False
    return any(hasattr(value, method) for method in _PROTOCOLS) or _has_buffer(value)


def _has_buffer(value: Any) -> bool:
    try:
        memoryview(value)
    except (TypeError, BufferError):
        return False
    return True


def _with_inner(value: Iterable[Any], name: str) -> Iterator[Iterable[Any]]:
    """Iterate over a sequence and all sequences inside it, each once."""
    level: list[Any] = [value]
    for _ in range(_DEEPEST):
        yield from level
        inner = {
            id(item): item
            for sequence in level
            if any(issubclass(kind, _SEQUENCES) for kind in _kinds(sequence))
            for item in sequence
            if isinstance(item, _SEQUENCES)
        }
        level = list(inner.values())
        if not level:
            return
    raise TypeError(f"{name} has lists in lists, {_DEEPEST} deep or more; does one contain itself?")


def _kinds(sequence: Any) -> set[type]:
    return set() if isinstance(sequence, range) else set(map(type, sequence))


def _check_items(sequence: Any, name: str) -> None:
    """Refuse items that NumPy would iterate over, and masked entries, whose mask NumPy drops."""
    for kind in _kinds(sequence):
        if issubclass(kind, (*_NUMBERS, *_SEQUENCES, str, bytes)) or kind is np.ndarray:
            continue
        for item in sequence:
            if type(item) is not kind:
                continue
            if not is_array(item):
                raise TypeError(
                    f"{name} must be an array of numbers, but holds {_described(item, name)}"
                )
            _check_mask(item, name)


def _check_mask(value: Any, name: str) -> None:
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise TypeError(f"{name} has masked entries; say what they are: {name}.filled(value)")


def _described(value: Any, name: str) -> str:
    """Text for an error: the value that came instead of an array, and what to do about it."""
    if value is None:
        return "None"
    kind = type(value).__name__
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, (str, bytes)):
        return f"{kind} {value[:20]!r}"
    if isinstance(value, Mapping):
        return f"a dictionary of {len(value)} entries; give one array"
    if hasattr(value, "toarray"):
        return f"{kind}; give {name}.toarray()"
    if hasattr(value, "__next__"):
        return f"a {kind}; collect what it yields into one array first"
    if hasattr(value, "__iter__") or hasattr(value, "__getitem__"):
        return (
            f"{kind}; taken are lists, ranges, NumPy arrays and what converts to them (__array__, "
            "DLPack, DataFrames), nothing that gives its elements or batches one by one: collect "
            "them into one array first"
        )
    return kind
