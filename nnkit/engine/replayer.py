"""What the steps of one model have in common."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from nnkit.engine.abstract_device import Device
from nnkit.engine.program import MANY_STEPS

__all__ = ["Replayer"]


class Replayer:
    """What the steps of one model have in common: they run in turn, in the same memory.

    Parameters
    ----------
    python : callable
        ``python()`` is held while a step runs in Python, where layers keep its arrays on
        themselves.
    blame : callable
        ``blame(owner)`` is called with the part of the model whose work a record can't repeat.
        It returns True if the step may be recorded again (that part will run as a Python stop),
        False if it must stay in Python.
    share : float
        See :func:`nnkit.engine.program.choose_workers`.
    """

    def __init__(
        self,
        python: Callable[[], AbstractContextManager[Any]],
        blame: Callable[[Any], bool],
        share: float = MANY_STEPS,
    ) -> None:
        self.python, self.blame, self.share = python, blame, share
        self._arenas: dict[Device, Any] = {}

    def arena(self, device: Device) -> Any:
        """The memory for temporaries on a device."""
        if device not in self._arenas:
            self._arenas[device] = device.arena()
        return self._arenas[device]
