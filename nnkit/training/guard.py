"""Guard: which thread may do what with a model."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial

from nnkit.callbacks import CallbackList
from nnkit.engine.turns import Turns, leave
from nnkit.interrupts import allowed, deferred

__all__ = ["Guard"]


class Guard:
    """Lets one thread at a time be within ``fit``, and keeps what is at work as it is.

    Parameters
    ----------
    turns : Turns
        Of the model; :class:`nnkit.engine.turns.Turns` says what they are.
    """

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self._fits: threading.Thread | None = None

    @contextmanager
    def changing(self, method: str) -> Iterator[None]:
        """Within the block the model becomes another, and no thread uses it.

        Raises
        ------
        RuntimeError
            Another thread is within ``fit``.
        """
        with self.turns.alone(writes=True):
            self._refuse_during_fit(method)
            yield

    @contextmanager
    def fitting(self) -> Iterator[None]:
        """Within the block this thread is within ``fit``; others come between its native calls."""
        with deferred():
            with self.turns.alone():
                self._refuse_during_fit("fit")
                outer, self._fits = self._fits, threading.current_thread()
            try:
                with allowed():
                    yield
            finally:
                self._fits = outer

    @contextmanager
    def measuring(self, method: str, remembers: bool) -> Iterator[object]:
        """Within the block the weights stay as they are; it gives what :meth:`pausing` takes.

        Parameters
        ----------
        method : str
            What errors call it.
        remembers : bool
            Whether layers remember the batch before, and so change.

        Raises
        ------
        RuntimeError
            Layers remember, and another thread is within ``fit``.
        """
        if remembers:
            self._refuse_during_fit(f"{method} (layers with stateful=True remember its batches)")
            with self.turns.alone(writes=True), allowed():
                yield None
            return
        token = object()
        with deferred():
            try:
                self.turns.read(token)
                with allowed():
                    yield token
            finally:
                leave(token, None)

    def pausing(
        self, token: object, listeners: CallbackList | None
    ) -> Callable[[], AbstractContextManager[None]]:
        """What makes the blocks in which callbacks run between batches.

        Weights may change there: a callback may wait for another thread that changes them.
        """
        looks = listeners is not None and listeners.looks_between_batches
        return partial(self._pause, token) if looks and token is not None else nullcontext

    @contextmanager
    def _pause(self, token: object) -> Iterator[None]:
        leave(token, None)
        try:
            yield
        finally:
            self.turns.read(token)

    def _refuse_during_fit(self, method: str) -> None:
        """Raise an error if another thread is within ``fit``; a fork has none of these."""
        thread = self._fits
        others = set(threading.enumerate()) - {threading.current_thread()}
        if thread in others:  # Its is_alive() is False after Ctrl-C has ended a join.
            raise RuntimeError(
                f"{method}: thread {thread.name!r} is within fit of the same model; wait until it "
                "returns, or end it with model.stop_training = True"
            )
