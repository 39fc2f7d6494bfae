"""Ctrl-C: never swallowed, and never in the middle of what must be done whole.

Python raises ``KeyboardInterrupt`` between any two instructions of the main thread. Inside a
callback of C code (h5py reads through a Python file, LLVM asks for an object) it is printed and
lost; in the middle of bookkeeping (an optimizer's count of steps) it would leave half a state. So
nnkit notes it, and raises it where nothing is half done: between native calls, kernels and weights.
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
# How long a wait goes on before it looks for Ctrl-C.
_WAKE_SECONDS = 0.05


class _State:
    """What is known of Ctrl-C; of the main thread, the only one that Python interrupts.

    Attributes
    ----------
    deferring : bool
    pending : tuple or None
        The arguments of the handler that is still to be called.
    handler : callable
        That of the user, while nnkit's is in its place.
    """

    deferring = False
    pending: tuple[int, FrameType | None] | None = None
    handler: Callable[[int, FrameType | None], Any] = staticmethod(signal.default_int_handler)


_state = _State()


def _note(number: int, frame: FrameType | None) -> None:
    """The handler in the place of the user's."""
    if _state.deferring:
        _state.pending = number, frame
    else:
        _state.handler(number, frame)


class deferred:  # noqa: N801  (a context manager reads like a statement)
    """Within the block Ctrl-C waits for :func:`check`, for :class:`allowed`, or for the end.

    Blocks may be nested. Other threads than the main one are never interrupted: nothing is done.

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
        else:  # Ctrl-C is ignored, or ends the process at once.
            return
        self._active = _state.deferring = True
        if self._outer:
            try:
                set_handler(_SIGINT, _note)
            except BaseException:  # The user's handler, for what came before.
                _state.deferring = False
                raise

    def __exit__(self, *error: object) -> None:
        if not self._active:
            return
        # A handler that a callback has set in the meantime stays.
        if self._outer and getsignal(_SIGINT) is _note:
            set_handler(_SIGINT, _state.handler)
        _state.deferring = False
        if _state.pending is not None:
            _deliver()


class allowed:  # noqa: N801
    """Within the block, the user's own code, Ctrl-C is what it always is."""

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
    """Where nothing is half done: let Ctrl-C do now what was deferred."""
    if _state.pending is not None and get_ident() == _main:
        _deliver()


def apart(function: Callable[..., Result], *arguments: Any) -> Result:
    """What a function returns that must not be interrupted but may take long.

    It runs in a thread of its own, where Ctrl-C never comes. If it comes here, waiting ends, and
    the function goes on to its end: what it has made by then is there for the next call.
    """
    if get_ident() != _main:
        return function(*arguments)
    results: list[Result] = []
    errors: list[BaseException] = []
    context, done = contextvars.copy_context(), threading.Semaphore(0)

    def run() -> None:
        try:
            results.append(context.run(function, *arguments))
        except BaseException as error:  # Raised where the result is wanted.
            errors.append(error)
        done.release()

    with deferred():
        try:  # No daemon: the process may end only when LLVM is done.
            threading.Thread(target=run, name="nnkit-apart").start()
        except RuntimeError:  # There are too many threads, or the process is about to end.
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
