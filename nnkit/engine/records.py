"""The recorded steps of one model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from nnkit.engine.abstract_device import Bound, Device, Window
from nnkit.engine.devices import current
from nnkit.engine.program import MANY_STEPS
from nnkit.engine.step import Step

__all__ = ["Records"]

_MOST_RECORDS = 16


class Records:
    """Recorded steps by what they depend on; the longest unused is dropped. They run in turn.

    Parameters
    ----------
    state : callable
        ``state()`` is every array that a step changes and the next one needs.
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
        state: Callable[[], Sequence[np.ndarray]],
        python: Callable[[], AbstractContextManager[Any]],
        blame: Callable[[Any], bool],
        share: float = MANY_STEPS,
    ) -> None:
        self.state, self.python, self.blame, self.share = state, python, blame, share
        self._steps: dict[tuple[Any, ...], Step] = {}
        self._arenas: dict[Device, Any] = {}

    def step(
        self,
        key: tuple[Any, ...],
        window: Window,
        eager: bool,
        function: Callable[[Window], Callable[[Bound], None]],
    ) -> Step:
        """The step for a key on the device in use; made of ``function(window)`` if there is none.

        Parameters
        ----------
        key : tuple
            What it depends on, besides the device and the rows.
        window : Window
        eager : bool
            It runs in Python each time.
        function : callable
        """
        device = current()
        key = (*device.key, window.size, window.stride, *key)
        step = self._steps.pop(key, None)
        if step is None:
            step = Step(function(window), self, window, device, eager)
        self._steps[key] = step  # Those used last are the last.
        if len(self._steps) > _MOST_RECORDS:
            del self._steps[next(iter(self._steps))]
        return step

    def arena(self, device: Device) -> Any:
        """The memory on a device that the steps have in common."""
        if device not in self._arenas:
            self._arenas[device] = device.arena()
        return self._arenas[device]
