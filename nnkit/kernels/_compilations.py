"""What is compiled while somebody waits for it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar

__all__ = ["Compilations", "compilations"]


class Compilations:
    """The kernels that somebody waits for, as no process on this machine has compiled them before.

    Attributes
    ----------
    count : int
        How many so far, with the one that is being compiled.
    listeners : list of callable
        Called without arguments when compiling a kernel begins, and when it ends.

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
        """Whether one is being compiled."""
        return self._since is not None

    @property
    def seconds(self) -> float:
        """Time spent on compiling, with that of the one that is being compiled."""
        return self._seconds + (0 if self._since is None else time.perf_counter() - self._since)

    @contextlib.contextmanager
    def compiling(self) -> Iterator[None]:
        """Count a kernel, and the time. One may need another, that counts as part of its time."""
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
    """Those that this thread waits for, also if another one compiles them (``apart``)."""
    found = _current.get(None)
    if found is None:
        found = Compilations()
        _current.set(found)
    return found
