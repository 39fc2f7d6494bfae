"""Compilations: the kernels that are compiled while a thread waits, for the progress bar."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar

__all__ = ["Compilations", "compilations"]


class Compilations:
    """The kernels that a thread waits for, because they are not in the cache on the disk.

    Attributes
    ----------
    count : int
        The number of kernels so far, with the one that is being compiled.
    listeners : list of callable
        Called without arguments when the compilation of a kernel begins, and when it ends.

    Examples
    --------
    >>> compilations = Compilations()
    >>> with compilations.compiling():
    ...     print(compilations.count, compilations.now)
    1 True
    >>> compilations.now, compilations.seconds > 0
    (False, True)
    """

    def __init__(self) -> None:
        self.count = 0
        self.listeners: list[Callable[[], None]] = []
        self._seconds = 0.0
        self._since: float | None = None

    @property
    def now(self) -> bool:
        """Whether a kernel is being compiled."""
        return self._since is not None

    @property
    def seconds(self) -> float:
        """The time spent on compilation, with that of the kernel that is being compiled."""
        return self._seconds + (0 if self._since is None else time.perf_counter() - self._since)

    @contextlib.contextmanager
    def compiling(self) -> Iterator[None]:
        """Count a kernel and its time, with the time of kernels that it calls."""
        outermost = not self.now
        self.count += 1
        if outermost:
            self._since = time.perf_counter()
        try:
            self._tell()
            yield
        finally:
            if outermost:
                self._seconds, self._since = self.seconds, None
            self._tell()

    def _tell(self) -> None:
        for listener in self.listeners:
            listener()


_current: ContextVar[Compilations] = ContextVar("compilations")


def compilations() -> Compilations:
    """The compilations that this thread waits for, also if another thread does them (``apart``)."""
    found = _current.get(None)
    if found is None:
        found = Compilations()
        _current.set(found)
    return found
