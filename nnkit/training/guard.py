"""Guard: rules for threads that use one model."""

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
    """Allow one thread at a time in ``fit``, and no changes of a model while it is used.

    Parameters
    ----------
    turns : Turns
        The model's turns.
    """

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self._fits: threading.Thread | None = None

    @contextmanager
    def changing(self, method: str) -> Iterator[None]:
        """In the block, this thread changes the model, and no other thread uses it.

        Raises
        ------
        RuntimeError
            Another thread is in ``fit``.
        """
        with self.turns.alone(writes=True):
            self._refuse_during_fit(method)
            yield

    @contextmanager
    def fitting(self) -> Iterator[None]:
        """In the block, this thread is in ``fit``; others may run between its native calls."""
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
        """In the block, weights don't change; yields the token for :meth:`pausing`.

        Parameters
        ----------
        method : str
            The name of the method in errors.
        remembers : bool
            Whether layers are stateful, so that a batch changes them.

        Raises
        ------
        RuntimeError
            Layers are stateful, and another thread is in ``fit``.
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
        """Return a context manager for callbacks between batches.

        In its blocks weights may change: a callback may wait for a thread that changes them.
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
        """Raise an error if another thread is in ``fit``; a forked child has no such threads."""
        thread = self._fits
        others = set(threading.enumerate()) - {threading.current_thread()}
        if thread in others:  # Its is_alive() is False after Ctrl-C has ended a join.
            raise RuntimeError(
                f"{method}: thread {thread.name!r} is within fit of the same model; wait until it "
                "returns, or end it with model.stop_training = True"
            )
