"""Blocks in which Python doesn't look for cycles among objects."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident

from nnkit import forks

__all__ = ["uncollected"]

_lock = threading.Lock()
forks.hold(_lock, 5)
# The collector is the process's: it runs again when the last thread has left its block.
_inside: list[int] = []
_was_enabled = False


@contextmanager
def uncollected() -> Iterator[None]:
    """Collect no garbage in the block.

    A recording makes many objects that stay until it is checked, and no cycles. To search them for
    cycles again and again takes the longer the more there are.
    """
    global _was_enabled
    with _lock:
        if not _inside:
            _was_enabled = gc.isenabled()
            gc.disable()
        _inside.append(get_ident())
    try:
        yield
    finally:
        with _lock:
            _inside.remove(get_ident())
            _enable_again()


def _enable_again() -> None:
    if _was_enabled and not _inside:
        gc.enable()


def _forget() -> None:
    """In a child process, which has none of its parent's other threads."""
    _inside[:] = [thread for thread in _inside if thread == get_ident()]
    _enable_again()


forks.in_child(_forget)
