"""Arrays of strings."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["to_strings"]


def to_strings(value: Any, name: str, encoding: str = "utf-8") -> np.ndarray:
    """An array of strings (objects) of an array, a table's column, or nested lists.

    Raises
    ------
    TypeError
        It holds something else; or lists of different lengths.

    Examples
    --------
    >>> to_strings([["a", b"b"]], "x").tolist()
    [['a', 'b']]
    """
    try:
        array = np.array(value, dtype=object)
    except ValueError as error:
        raise TypeError(f"{name} is not one array of strings: {error}") from error
    made = np.empty(array.shape, object)
    flat = made.reshape(-1)
    for i, item in enumerate(array.reshape(-1)):
        if not isinstance(item, (str, bytes)):
            raise TypeError(
                f"{name} must be strings, in an array or in lists of one length, got an item that "
                f"is {type(item).__name__}"
            )
        flat[i] = item.decode(encoding) if isinstance(item, bytes) else str(item)
    return made
