"""Reader: a thread that reads batches ahead of who uses them."""

from __future__ import annotations

import contextvars
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from nnkit.data.arrays import Arrays
from nnkit.data.stack import Stack
from nnkit.engine.devices import device, get_device
from nnkit.interrupts import check, deferred

__all__ = ["Reader"]

# How long a wait goes on before it looks for Ctrl-C.
_WAKE_SECONDS = 0.05
# How long a user's code that makes a batch is waited for when nobody wants it any more.
_PATIENCE_SECONDS = 1.0


class _Closed(BaseException):
    """In the thread: nobody wants more."""


class Reader:
    """Reads the batches of one epoch after the other, always in one and the same thread.

    It is at most two stacks ahead of who uses them, and never in the next epoch. A stack is handed
    over as it is when somebody waits for it; if nobody does, it grows.

    Parameters
    ----------
    convert : callable
        ``convert(batch, number)`` makes arrays of what was read, in the thread. What must run in
        the user's thread, it passes to :meth:`in_users_thread`.
    check : callable
        ``check(stack)`` gives what is handed over, a list; of an error in it, that is raised. It
        runs in either thread.
    where : callable
        ``where(number)``: what errors call a batch.
    stuck : callable
        ``stuck(thread)``: whether the thread of that number waits for what the user's thread won't
        give before it has the next batch.
    """

    def __init__(
        self,
        convert: Callable[[Any, int], Arrays],
        check: Callable[[Stack], list[Any]],
        where: Callable[[int], str],
        stuck: Callable[[int], bool],
    ) -> None:
        self._convert, self._check = convert, check
        self._where, self._stuck = where, stuck
        self._changed = threading.Condition(threading.Lock())
        self._thread: threading.Thread | None = None
        self._request: tuple[Iterator[Any], int | None] | None = None
        self._growing: Stack | None = None
        self._ready: deque[Any] = deque()  # Checked: at most those of one stack.
        self._used: deque[Stack] = deque(maxlen=2)
        self._task: Callable[[], Any] | None = None
        self._error: BaseException | None = None
        self._closed = False
        #: Whether the last request came to the end of its batches.
        self.exhausted = False

    # ------------------------------------------------------------------------ the user's thread

    def begin(self, batches: Iterator[Any], most: int | None = None) -> None:
        """Begin to read batches, but no more than so many; the last request must be done."""
        with deferred():
            with self._changed:
                self.exhausted = False
                self._request = batches, most
                self._changed.notify_all()
            if self._thread is None:
                context, name = contextvars.copy_context(), get_device()
                # A daemon: a generator that never returns must not keep the process alive.
                self._thread = threading.Thread(
                    target=context.run, args=(self._run, name), name="nnkit-reader", daemon=True
                )
                self._thread.start()

    def take(self) -> Any:
        """Wait for the next batches: a stack of them, checked; None if there are no more.

        Raises
        ------
        BaseException
            What reading or checking them raised.
        """
        while True:
            with deferred(), self._changed:
                self._changed.wait_for(self._has_news, _WAKE_SECONDS)
                stack, task = None, None
                if self._ready:
                    self._changed.notify_all()
                    found = self._ready.popleft()
                    if isinstance(found, Exception):
                        raise found
                    return found
                if self._growing is not None:
                    stack, self._growing = self._growing, None
                elif self._task is not None:
                    task = self._task
                elif self._error is not None:
                    error, self._error = self._error, None
                    raise error
                elif self._request is None:
                    return None
            check()
            if stack is not None:
                found = self._check(stack)
                with deferred(), self._changed:
                    self._ready.extendleft(reversed(found))
                continue
            if task is not None:
                task()
            self._see_to_it()

    def _has_news(self) -> bool:
        news = self._ready or self._growing or self._task or self._error
        return bool(news) or self._request is None

    def _see_to_it(self) -> None:
        """Refuse to wait for ever."""
        thread = self._thread
        if thread is None or not thread.is_alive():  # In a forked child.
            raise RuntimeError("the thread that reads batches is not there any more")
        if thread.ident is not None and self._stuck(thread.ident):
            raise RuntimeError(
                "what gives the batches wants to change the model that waits for them; make the "
                "batches first, or use another model"
            )

    def reuse(self, stack: Stack) -> None:
        """Take the memory of a stack whose batches have been used."""
        self._used.append(stack)

    def close(self) -> None:
        """End the thread; one that is busy with a user's code ends after it."""
        with deferred():
            with self._changed:
                self._closed = True
                self._changed.notify_all()
            if self._thread is not None:
                self._thread.join(_PATIENCE_SECONDS)
            self._thread = self._request = None

    # ------------------------------------------------------------------------------- the thread

    def in_users_thread(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Let the user's thread call a function, when it has used all earlier batches."""
        done = threading.Event()

        def task() -> None:
            function(*arguments)  # Its error is the user's.
            with self._changed:
                self._task = None
                done.set()
                self._changed.notify_all()

        with self._changed:
            self._flush()
            self._task = task
            self._changed.notify_all()
            self._wait_for(done.is_set)

    def _wait_for(self, condition: Callable[[], bool]) -> None:
        self._changed.wait_for(lambda: self._closed or condition())
        if self._closed:
            raise _Closed

    def _run(self, name: str) -> None:
        try:
            with suppress(_Closed), device(name):
                while True:
                    with self._changed:
                        self._wait_for(lambda: self._request is not None)
                        request = self._request
                    if request is not None:
                        self._read(*request)
        except Exception as raised:  # The device can't be used.
            with self._changed:
                self._error, self._request = raised, None
                self._changed.notify_all()

    def _read(self, batches: Iterator[Any], most: int | None) -> None:
        error: BaseException | None = None
        number, exhausted = 0, False
        try:
            while most is None or number < most:
                try:
                    batch = next(batches, self)
                except BaseException as raised:
                    raised.add_note(f"This was for {self._where(number)}.")
                    raise
                if batch is self:
                    exhausted = True
                    break
                self._put(self._convert(batch, number), number)
                number += 1
        except _Closed:
            raise
        except BaseException as raised:  # Raised again in the user's thread.
            error = raised
        with self._changed:
            self._error, self._request, self.exhausted = error, None, exhausted
            self._changed.notify_all()

    def _put(self, batch: Arrays, number: int) -> None:
        with self._changed:
            if self._closed:
                raise _Closed
            if self._growing is None or not self._growing.add(batch):
                self._flush()
                self._growing = Stack(batch, number, self._used.pop() if self._used else None)
            self._changed.notify_all()

    def _flush(self) -> None:
        """Check the stack that has grown, and put it where it is taken from."""
        stack, self._growing = self._growing, None
        if stack is None:
            return
        self._changed.release()
        try:
            checked = self._check(stack)
        finally:
            self._changed.acquire()
        self._wait_for(lambda: not self._ready)
        self._ready.extend(checked)
