"""Fork at any moment: no lock is held by a thread that the child doesn't have."""

from __future__ import annotations

import logging  # noqa: F401  (it holds a lock at forks: registered before this, it comes later)
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from nnkit.weak import WeakTable

__all__ = ["Lock", "adopted", "give_way", "hold", "in_child", "register"]

# A fork waits so long for the locks of each level, at most. It needs it all only if a thread that
# has one of them waits for the thread that forks.
_PATIENCE_SECONDS = 10.0


class Lock(Protocol):
    """What :func:`hold` takes: locks of Python's, and what behaves like them."""

    def acquire(self, blocking: bool = ..., timeout: float = ...) -> bool:
        """Wait for it; whether it was got."""

    def release(self) -> None:
        """Give it back."""


#: By what is acquired first: turns at models, programs, compilers from the outermost to LLVM.
_levels: tuple[WeakTable[None], ...] = tuple(WeakTable() for _ in range(6))
_held: list[Lock] = []
_missed: list[Any] = []
_cleaners: list[Callable[[], None]] = []
_of_libraries: list[dict[str, Callable[[], None]]] = []
_begun: list[dict[str, Callable[[], None]]] = []  # Of these, whose "before" has been called.
# The level that a fork is waiting for; None: nobody forks.
_waits_for: int | None = None


def hold(lock: Lock, level: int) -> None:
    """Let whoever forks hold a lock meanwhile, so that what it guards is whole in the child.

    Parameters
    ----------
    lock : Lock
    level : int
        From 0 to 5: who holds one lock and takes another goes up.
    """
    _levels[level][lock] = None


def in_child(function: Callable[[], None]) -> None:
    """Let a child process begin with this, before the locks are given back."""
    _cleaners.append(function)


def give_way(level: int) -> None:
    """Before a lock is taken again and again: let a fork that waits for it come first.

    Not one that waits for another level: this thread may have what it waits for.
    """
    while _waits_for == level:
        time.sleep(0.001)


@contextmanager
def adopted() -> Iterator[None]:
    """Within the block, what an imported library registers for forks comes after nnkit's locks.

    Python would call it first: a fork would have the library's lock, and wait for a thread that
    wants it while it imports that library.
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
    if _waits_for is not None:  # Registered more than once.
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
        lock._at_fork_reinit()  # Nobody has it.
    _after("after_in_child")


def register() -> None:
    """Hold the locks at each fork; what is registered last is held first.

    So this is called again after imports of libraries that hold locks of their own then, which a
    thread may want while it has one of these.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_after_in_child)


register()
