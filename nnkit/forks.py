"""Locks and forks: no lock is held at a fork by a thread that the child process doesn't have."""

from __future__ import annotations

import logging  # noqa: F401  (it holds a lock at forks: registered before this, it comes later)
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from nnkit.weak import WeakTable

__all__ = ["Lock", "adopted", "give_way", "hold", "in_child", "register"]

# The longest time that a fork waits for the locks of a level. It waits that long only if a thread
# that holds one of the locks waits for the forking thread.
_PATIENCE_SECONDS = 10.0


class Lock(Protocol):
    """The interface that :func:`hold` needs: that of Python's locks."""

    def acquire(self, blocking: bool = ..., timeout: float = ...) -> bool:
        """Wait for the lock, and return whether it was acquired."""

    def release(self) -> None:
        """Release the lock."""


#: In order of acquisition: turns at models, programs, compilers from the outermost to LLVM.
_levels: tuple[WeakTable[None], ...] = tuple(WeakTable() for _ in range(6))
_held: list[Lock] = []
_missed: list[Any] = []
_cleaners: list[Callable[[], None]] = []
_of_libraries: list[dict[str, Callable[[], None]]] = []
_begun: list[dict[str, Callable[[], None]]] = []  # The libraries whose "before" has been called.
# The level that a fork is waiting for, or None.
_waits_for: int | None = None


def hold(lock: Lock, level: int) -> None:
    """Hold a lock during every fork, so that the state that it guards is consistent in the child.

    Parameters
    ----------
    lock : Lock
    level : int
        From 0 to 5. A thread that holds a lock may only acquire locks of higher levels.
    """
    _levels[level][lock] = None


def in_child(function: Callable[[], None]) -> None:
    """Call a function in every forked child process, before locks are released there."""
    _cleaners.append(function)


def give_way(level: int) -> None:
    """Wait for a fork that waits for a lock of this level; call it before acquiring such a lock.

    Otherwise a thread that acquires a lock again and again could keep a fork waiting. Forks that
    wait for another level are not waited for, because this thread may hold such a lock.
    """
    while _waits_for == level:
        time.sleep(0.001)


@contextmanager
def adopted() -> Iterator[None]:
    """In the block, collect fork hooks that imported libraries register; they run after nnkit's.

    Python would call these hooks first: a fork would then hold the library's lock while it waits
    for a thread that imports the library and needs that lock.
    """
    if not hasattr(os, "register_at_fork"):
        yield
        return
    of_python = os.register_at_fork
    os.register_at_fork = lambda **hooks: _of_libraries.append(hooks)
    try:
        yield
    finally:
        os.register_at_fork = of_python


def _call(hooks: list[dict[str, Callable[[], None]]], when: str) -> None:
    for registered in hooks:
        if when in registered:
            registered[when]()


def _before() -> None:
    global _waits_for
    if _waits_for is not None:  # register() was called more than once.
        return
    for _waits_for, locks in enumerate(_levels):
        end = time.monotonic() + _PATIENCE_SECONDS
        for lock in list(locks):
            got = lock.acquire(True, max(0.0, end - time.monotonic()))
            (_held if got else _missed).append(lock)
    _begun.extend(reversed(_of_libraries))
    _call(_begun, "before")


def _after(when: str = "after_in_parent") -> None:
    global _waits_for
    _waits_for = None
    _call(_begun[::-1], when)
    _begun.clear()
    while _held:
        _held.pop().release()
    _missed.clear()


def _after_in_child() -> None:
    for clean in _cleaners:
        clean()
    for lock in _missed:
        lock._at_fork_reinit()  # The thread that held it doesn't exist here.
    _after("after_in_child")


def register() -> None:
    """Register nnkit's hooks; of all libraries' hooks, those registered last run first.

    So this is called again after an import of a library that registers hooks for its own locks:
    nnkit's locks must be acquired before these.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_after_in_child)


register()
