"""Threads that wait for a share of a step."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue

from nnkit import forks
from nnkit.interrupts import deferred

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
    with deferred():  # One alone would wait at a barrier for ever.
        for task in tasks[1:]:
            try:
                helper = _idle.pop()
            except IndexError:
                helper = _Helper()
            helper.tasks.put(task)
            helpers.append(helper)
        tasks[0]()
        _idle.extend(helpers)


forks.in_child(_idle.clear)  # A child process has none of its parent's threads.
