"""WeakTable: values attached to objects for as long as these exist."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

__all__ = ["WeakTable"]

Value = TypeVar("Value")


class WeakTable(Generic[Value]):
    """A dictionary with weak keys, compared by identity, which need not be hashable.

    Unlike ``weakref.WeakKeyDictionary`` and ``weakref.finalize`` it runs no Python code when an
    object is deleted: a Ctrl-C at that time would be lost.

    Examples
    --------
    >>> table = WeakTable()
    >>> a = {1, 2}
    >>> table[a] = "seen"
    >>> table.get(a)
    'seen'
    >>> del a
    >>> list(table)
    []
    """

    def __init__(self) -> None:
        self._entries: dict[int, tuple[weakref.ref[Any], Value]] = {}
        self._limit = 64

    def __setitem__(self, key: Any, value: Value) -> None:
        self._entries[id(key)] = weakref.ref(key), value
        if len(self._entries) > self._limit:  # Remove entries of deleted objects.
            for i, (found, _) in list(self._entries.items()):
                entry = self._entries.pop(i, None) if found() is None else None
                if entry is not None and entry[0]() is not None:  # Just added by another thread.
                    self._entries.setdefault(i, entry)
            self._limit = 2 * len(self._entries) + 64

    def get(self, key: Any) -> Value | None:
        """The value of an object, or None."""
        found, value = self._entries.get(id(key), (None, None))
        return value if found is not None and found() is key else None

    def pop(self, key: Any) -> None:
        """Remove an object."""
        self._entries.pop(id(key), None)

    def __contains__(self, key: Any) -> bool:
        found = self._entries.get(id(key))
        return found is not None and found[0]() is key

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the objects that still exist."""
        for found, _ in list(self._entries.values()):
            key = found()
            if key is not None:
                yield key
