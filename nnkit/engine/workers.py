"""Threads that wait for a share of a step."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Sequence
from queue import SimpleQueue

import numpy as np

from nnkit import forks
from nnkit.interrupts import deferred

__all__ = ["meeting_for", "run_together"]

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


# States of barriers whose programs are gone. They are used again as they are, and never freed: a
# thread may leave the last barrier of a program after the program. It must find a greater number
# there than when it came, or it would stay for ever.
_left: list[np.ndarray] = []


def meeting_for(owner: object) -> np.ndarray:
    """The state of the barriers at which an owner's workers meet, for as long as the owner lives.

    Parameters
    ----------
    owner : object

    Returns
    -------
    numpy.ndarray
        int64 (16,); see :func:`nnkit.kernels.cpu.replay.barrier`.
    """
    try:
        state = _left.pop()
    except IndexError:
        state = np.zeros(16, np.int64)
    weakref.finalize(owner, _left.append, state).atexit = False
    return state


def _forget() -> None:
    """In a child process, which has none of its parent's threads."""
    _idle.clear()
    _left.clear()


forks.in_child(_forget)
