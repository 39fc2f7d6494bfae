"""Values in nested lists, tuples and dictionaries: what a model is given, and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

__all__ = ["leaves", "listed", "mapped", "packed"]


def leaves(nested: Any) -> list[Any]:
    """The values in nested lists, tuples and dictionaries, in order; dictionaries by sorted keys.

    Examples
    --------
    >>> leaves([1, {"b": 2, "a": (3, 4)}])
    [1, 3, 4, 2]
    >>> leaves("one")
    ['one']
    """
    return list(_leaves(nested))


def _leaves(nested: Any) -> Iterator[Any]:
    if isinstance(nested, dict):
        nested = [nested[key] for key in sorted(nested, key=str)]
    elif not isinstance(nested, (list, tuple)):
        yield nested
        return
    for value in nested:
        yield from _leaves(value)


def mapped(function: Callable[[Any], Any], nested: Any) -> Any:
    """The same lists and dictionaries, with a function applied to every value.

    Examples
    --------
    >>> mapped(lambda value: 2 * value, [1, {"a": (3, 4)}])
    [2, {'a': (6, 8)}]
    """
    if isinstance(nested, dict):
        found = {key: mapped(function, nested[key]) for key in sorted(nested, key=str)}
        return {key: found[key] for key in nested}
    if isinstance(nested, (list, tuple)):
        values = [mapped(function, value) for value in nested]
        if hasattr(nested, "_fields"):
            return type(nested)(*values)
        return values if isinstance(nested, list) else tuple(values)
    return function(nested)


def listed(nested: Any) -> Any:
    """The same, with lists in place of tuples.

    Examples
    --------
    >>> listed((1, {"a": (2, 3)}))
    [1, {'a': [2, 3]}]
    """
    if isinstance(nested, dict):
        return {key: listed(value) for key, value in nested.items()}
    return [listed(value) for value in nested] if isinstance(nested, (list, tuple)) else nested


def packed(nested: Any, values: Iterable[Any]) -> Any:
    """The same lists and dictionaries, with other values, which come in the order of ``leaves``.

    Examples
    --------
    >>> packed({"b": 0, "a": 0}, [1, 2])
    {'b': 2, 'a': 1}
    """
    left = iter(values)
    return mapped(lambda _: next(left), nested)
