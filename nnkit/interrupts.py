"""Ctrl-C: never lost, and never raised in the middle of an operation that must be completed.

Python raises ``KeyboardInterrupt`` between any two instructions of the main thread. In a callback
from C code (h5py reads through a Python file, LLVM asks for an object) the exception is printed and
lost; in the middle of bookkeeping (an optimizer's count of steps) it would leave an inconsistent
state. So nnkit remembers it, and raises it at safe points: between native calls, kernels and
weights.
"""

from __future__ import annotations

import contextvars
import signal
import threading
from _signal import (  # type: ignore[import-not-found]  # signal.py's take ten times as long.
    getsignal,
)
from _signal import signal as set_handler
from collections.abc import Callable
from threading import get_ident
from types import FrameType
from typing import Any, TypeVar

from nnkit import forks

__all__ = ["allowed", "apart", "check", "deferred"]

Result = TypeVar("Result")

_SIGINT = int(signal.SIGINT)
# Interval at which a wait checks for Ctrl-C.
_WAKE_SECONDS = 0.05


class _State:
    """State of the main thread, the only one that Python interrupts.

    Attributes
    ----------
    deferring : bool
    pending : tuple or None
        Arguments for the user's handler, which is to be called later; None without a Ctrl-C.
    handler : callable
        The user's handler, while nnkit's is installed.
    """

    deferring = False
    pending: tuple[int, FrameType | None] | None = None
    handler: Callable[[int, FrameType | None], Any] = staticmethod(signal.default_int_handler)


_state = _State()


def _note(number: int, frame: FrameType | None) -> None:
    """nnkit's handler, which replaces the user's within :class:`deferred`."""
    if _state.deferring:
        _state.pending = number, frame
    else:
        _state.handler(number, frame)


class deferred:  # noqa: N801  (a context manager reads like a statement)
    """In the block, delay Ctrl-C until :func:`check`, :class:`allowed`, or the block's end.

    Blocks may be nested. In other threads than the main one, which Python never interrupts, a
    block has no effect.

    Examples
    --------
    >>> import signal
    >>> done = []
    >>> try:
    ...     with deferred():
    ...         signal.raise_signal(signal.SIGINT)
    ...         done.append("all of it")
    ... except KeyboardInterrupt:
    ...     print(done)
    ['all of it']
    """

    __slots__ = ("_active", "_outer")

    def __enter__(self) -> None:
        self._active = False
        if _state.deferring or get_ident() != _main:
            return
        handler = getsignal(_SIGINT)
        if handler is _note:
            self._outer = False
        elif callable(handler):
            self._outer = True
            _state.handler = handler
        else:  # Ctrl-C is ignored, or kills the process.
            return
        self._active = _state.deferring = True
        if self._outer:
            try:
                set_handler(_SIGINT, _note)
            except BaseException:  # Raised by the user's handler, for an earlier Ctrl-C.
                _state.deferring = False
                raise

    def __exit__(self, *error: object) -> None:
        if not self._active:
            return
        # A handler that a callback has installed since then stays.
        if self._outer and getsignal(_SIGINT) is _note:
            set_handler(_SIGINT, _state.handler)
        _state.deferring = False
        if _state.pending is not None:
            _deliver()


class allowed:  # noqa: N801
    """In the block, which runs the user's code, Ctrl-C is not delayed."""

    __slots__ = ("_active",)

    def __enter__(self) -> None:
        self._active = _state.deferring and get_ident() == _main
        if self._active:
            if _state.pending is not None:
                _deliver()
            _state.deferring = False

    def __exit__(self, *error: object) -> None:
        if self._active:
            _state.deferring = True


def check() -> None:
    """At a safe point: call the user's handler if a Ctrl-C was delayed."""
    if _state.pending is not None and get_ident() == _main:
        _deliver()


def apart(function: Callable[..., Result], *arguments: Any) -> Result:
    """Call a function that may take long and must not be interrupted, and return its result.

    It runs in another thread, which Ctrl-C doesn't interrupt. Ctrl-C ends only the wait for it; the
    function then runs to its end, so that a later call can use what it made.
    """
    if get_ident() != _main:
        return function(*arguments)
    results: list[Result] = []
    errors: list[BaseException] = []
    context, done = contextvars.copy_context(), threading.Semaphore(0)

    def run() -> None:
        try:
            results.append(context.run(function, *arguments))
        except BaseException as error:  # Raised again in the calling thread.
            errors.append(error)
        done.release()

    with deferred():
        try:  # Not a daemon: the process must not end while LLVM runs.
            threading.Thread(target=run, name="nnkit-apart").start()
        except RuntimeError:  # Too many threads, or the process is ending.
            run()
        while not done.acquire(timeout=_WAKE_SECONDS):
            check()
    if errors:
        raise errors[0]
    return results[0]


def _deliver() -> None:
    pending, _state.pending = _state.pending, None
    if pending is not None:
        _state.handler(*pending)


def _look_for_main_thread() -> None:
    global _main
    _main = threading.main_thread().ident


_main = threading.main_thread().ident
forks.in_child(_look_for_main_thread)
