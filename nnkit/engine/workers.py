"""Threads that wait for a share of a step."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from types import FrameType
from typing import Any

__all__ = ["run_together"]

Task = Callable[[], None]


class _Helper:
    """A thread that runs one task after the other."""

    def __init__(self) -> None:
        self.tasks: SimpleQueue[Task] = SimpleQueue()
        threading.Thread(target=self._work, name="nnkit-worker", daemon=True).start()

    def _work(self) -> None:
        while True:
            self.tasks.get()()


# Threads in use are not in here, and whoever finds none starts one: two models that train side by
# side in two threads never wait for each other's.
_idle: list[_Helper] = []


def run_together(tasks: Sequence[Task]) -> None:
    """Run tasks that meet at barriers, the first in this thread, each other in one of its own.

    Parameters
    ----------
    tasks : sequence of callable
        They hold the GIL only to begin and to end, and the last thing that they do is to meet: so
        all are done when the first returns, and nobody waits for a thread to say so.
    """
    helpers = []
    with _interrupt_deferred():
        for task in tasks[1:]:
            try:
                helper = _idle.pop()
            except IndexError:
                helper = _Helper()
            helper.tasks.put(task)
            helpers.append(helper)
        tasks[0]()
        _idle.extend(helpers)


@contextmanager
def _interrupt_deferred() -> Iterator[None]:
    """Let Ctrl-C wait until all workers are done: one alone would wait at a barrier for ever."""
    pending: list[tuple[int, FrameType | None]] = []
    handler: Any = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    signal.signal(signal.SIGINT, lambda number, frame: pending.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if pending:
            handler(*pending[0])


if hasattr(os, "register_at_fork"):  # A child process has none of its parent's threads.
    os.register_at_fork(after_in_child=_idle.clear)
