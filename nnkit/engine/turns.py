"""Threads that use one model take turns."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from threading import get_ident
from typing import Any

from nnkit import forks
from nnkit.interrupts import check, deferred
from nnkit.weak import WeakTable

__all__ = ["Turns", "leave"]

# How long a wait goes on before it looks for Ctrl-C.
_WAKE_SECONDS = 0.05
# How often a thread looks whether others are done.
_SHORTEST_NAP, _LONGEST_NAP = 0.0002, 0.005
# A reader lets those write who have waited longer; but it might be their reader that waits for it.
_PATIENCE_SECONDS = 1.0

# Who reads weights right now: where, and in which thread. It is one dictionary for all models, as
# leaving must be one instruction: Ctrl-C can't come in the middle of it.
_reading: dict[object, tuple[Turns, int]] = {}
leave: Callable[[object, None], Any] = _reading.pop
_all: WeakTable[None] = WeakTable()
_joining = threading.Lock()
forks.hold(_joining, 2)


class _Alone:
    """The block of :meth:`Turns.alone`."""

    __slots__ = ("_deferred", "_taken", "_turns", "_writes")

    def __init__(self, turns: Turns, writes: bool) -> None:
        self._turns, self._writes = turns, writes

    def __enter__(self) -> None:
        self._deferred = deferred()
        self._deferred.__enter__()
        try:
            self._taken = self._turns.take(self, self._writes)
        except BaseException:
            self._deferred.__exit__()
            raise

    def __exit__(self, *error: object) -> None:
        if self._taken is not None:
            self._taken.give_back(self, self._writes)
        self._deferred.__exit__()


class Turns:
    """Who may use the weights of a model, and what lies on its layers, right now.

    Whoever changes them, or uses the memory of a session, is ``alone`` meanwhile: each native call
    of ``fit``, ``get_weights``, ``save``. Who comes first is first: those that wait are let in
    between two native calls of a long ``fit``. Predictions and evaluations only read weights. Any
    number of them do, each from its first row to its last; what writes waits until they are done.

    Models that have a layer in common have one order of turns (``join``).

    Attributes
    ----------
    in_python : threading.RLock
        Held while layers run in Python, where they keep arrays on themselves.
    """

    def __init__(self) -> None:
        self._joined: Turns | None = None
        self._guard = threading.Lock()  # Of what follows; held for moments only.
        self._owner, self._depth = 0, 0
        self._queue: deque[tuple[int, Any]] = deque()
        self._writers: dict[object, int] = {}
        self.in_python = threading.RLock()
        _all[self] = None
        forks.hold(self, 0)
        forks.hold(self.in_python, 1)

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy has turns of its own, with those that are copied along."""
        return Turns, (), {"_joined": self._joined}

    def python(self) -> Any:
        """The lock to hold while layers run in Python."""
        return self._root().in_python

    def alone(self, writes: bool = False) -> _Alone:
        """A block within which no other thread has its turn. Ctrl-C waits until its end.

        Parameters
        ----------
        writes : bool
            Weights or the model change: nobody reads them meanwhile.
        """
        return _Alone(self, writes)

    def read(self, token: object) -> None:
        """Read weights until ``leave(token, None)``: nobody writes them meanwhile.

        Call it within ``try``, and ``leave`` within ``finally``.
        """
        root = self
        while root._joined is not None:
            root = root._joined
        _reading[token] = root, get_ident()
        if root._writers or root._joined is not None:
            with deferred():
                self._read_later(token)

    def join(self, other: Turns) -> None:
        """From now on, this model and the other have one order of turns."""
        one, another = (self, other) if self._joined is None else (other, self)
        with deferred():
            while one._root() is not another._root():
                token = object()
                root = one.take(token, True)
                if root is None:
                    return
                with _joining:
                    if root is not another._root():
                        root._joined = another._root()
                root.give_back(token, True)

    def hold_up(self, thread: int) -> bool:
        """Whether a thread waits for its turn until this thread stops to read, or gives its own."""
        root, me = self._root(), get_ident()
        reads = (root, me) in list(_reading.values())
        if reads and thread in list(root._writers.values()):
            return True
        return root._owner == me and any(waits == thread for waits, _ in list(root._queue))

    # -------------------------------------------------------------------------------- as a lock

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Wait for one's turn; whoever has it may take it again."""
        me = get_ident()
        with self._guard:
            if self._owner in (0, me):
                self._owner, self._depth = me, self._depth + 1
                return True
            if not blocking:
                return False
            turn = threading.Lock()
            turn.acquire()
            self._queue.append((me, turn))
        end = float("inf") if timeout < 0 else time.monotonic() + timeout
        try:
            while not turn.acquire(timeout=_WAKE_SECONDS):
                check()
                if time.monotonic() >= end and self._withdraw(me, turn):
                    return False
        except BaseException:  # Ctrl-C.
            if not self._withdraw(me, turn):
                self.release()
            raise
        return True

    def release(self) -> None:
        """Give one's turn to whoever has waited longest."""
        if self._depth > 1:
            self._depth -= 1
            return
        with self._guard:
            self._owner = self._depth = 0
            if self._queue:
                self._owner, turn = self._queue.popleft()
                self._depth = 1
                turn.release()

    def _withdraw(self, me: int, turn: Any) -> bool:
        """Wait no longer; False if the turn has come already."""
        with self._guard:
            if (me, turn) not in self._queue:
                return False
            self._queue.remove((me, turn))
            return True

    def _at_fork_reinit(self) -> None:
        """In a child process: whoever has the turn is not there."""
        self._owner, self._depth = 0, 0

    # ---------------------------------------------------------------------------------- waiting

    def _root(self) -> Turns:
        root = self
        while root._joined is not None:
            root = root._joined
        if root is not self:
            self._joined = root  # The next time it is found at once.
        return root

    def take(self, token: object, writes: bool) -> Turns | None:
        """Whose turn has been taken; None within a step that runs in Python, in this thread."""
        me, nap = get_ident(), _SHORTEST_NAP
        root = self if self._joined is None else self._root()
        if root._owner == me and not writes:
            root._depth += 1
            return root
        if root.in_python._is_owned():  # type: ignore[attr-defined]
            return None
        try:
            while True:
                if writes:
                    root._writers[token] = me  # From now on nobody begins to read.
                root.acquire()
                if root._joined is None and not (writes and _reading and root._read_by_others(me)):
                    return root
                root.release()  # Who reads may need a turn to come to an end.
                check()
                if root._joined is None:
                    time.sleep(nap)
                    nap = min(2 * nap, _LONGEST_NAP)
                else:
                    root._writers.pop(token, None)
                    root = root._root()
        except BaseException:  # Ctrl-C.
            root._writers.pop(token, None)
            raise

    def give_back(self, token: object, writes: bool) -> None:
        """Give back the turn that :meth:`take` took."""
        if writes:
            self._writers.pop(token, None)
        if self._depth > 1:
            self._depth -= 1
        else:
            self.release()

    def _read_by_others(self, me: int) -> bool:
        return any(at is self and thread != me for at, thread in list(_reading.values()))

    def _read_later(self, token: object) -> None:
        """Read when those who write now, or have waited to, are done."""
        me, nap, root = get_ident(), _SHORTEST_NAP, self._root()
        leave(token, None)
        if root._owner == me or (root, me) in list(_reading.values()):  # It has its turn already.
            _reading[token] = root, me
            return
        before, end = list(root._writers), time.monotonic() + _PATIENCE_SECONDS
        while any(writer in root._writers for writer in before) and time.monotonic() < end:
            time.sleep(nap)
            nap = min(2 * nap, _LONGEST_NAP)
            check()
        while token not in _reading:
            root = self._root()
            root.acquire()
            if root._joined is None:
                _reading[token] = root, me
            root.release()


def _forget_others() -> None:
    """In a child process only the thread that forked is left."""
    me = get_ident()
    for turns in _all:
        turns._guard = threading.Lock()
        turns._queue.clear()
        turns._writers = {t: thread for t, thread in turns._writers.items() if thread == me}
    for token, (_, thread) in list(_reading.items()):
        if thread != me:
            del _reading[token]


forks.in_child(_forget_others)
