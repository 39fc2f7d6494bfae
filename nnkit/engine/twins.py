"""Host arrays that have a twin on a device, and which of the two has the newer content.

Layers, optimizers and counters own NumPy arrays; a device works on twins of them. By default both
are brought in line before and after every run. For large arrays that only nnkit itself touches
(weights, gradients, what an optimizer remembers) that waits until somebody looks.
"""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING

import numpy as np

from nnkit.engine.device import current_tape
from nnkit.engine.references import root
from nnkit.weak import WeakTable

if TYPE_CHECKING:
    from nnkit.engine.cuda.driver import Driver

__all__ = [
    "Twin",
    "bring",
    "changed",
    "exist",
    "fetch",
    "keep_away",
    "lend",
    "outdate",
    "twin_of",
]


class Twin:
    """A host array that owns its memory, and its copy on a device.

    Attributes
    ----------
    newer : {"host", "device", "neither"}
    lent : bool
        Somebody may hold the host array and read or write it at any time.
    """

    def __init__(self, host: np.ndarray, driver: Driver) -> None:
        self._host = weakref.ref(host)
        self.driver = driver
        self.memory = driver.allocate(max(host.nbytes, 1))
        self.newer = "host"
        self.lent = host not in _kept

    @property
    def host(self) -> np.ndarray:
        """The host array."""
        host = self._host()
        if host is None:
            raise ReferenceError("a twin is dropped together with its array")
        return host

    def prepare(self) -> None:
        """Before a run: let the device have what the host may have changed."""
        if self.lent or self.newer == "host":
            self.driver.upload(self.host, self.memory)
            self.newer = "neither"

    def finish(self) -> None:
        """After a run that wrote the device's copy."""
        self.newer = "device"
        if self.lent:
            self.fetch()

    def fetch(self) -> None:
        """Bring the host up to date."""
        if self.newer == "device":
            self.driver.download(self.memory, self.host)
            self.newer = "neither"


class _Busy(threading.local):
    """Whether this thread runs a step, whose arrays are brought in line by whoever runs it."""

    running = False


busy = _Busy()
_twins: dict[int, Twin] = {}
# Arrays that nnkit keeps to itself.
_kept: WeakTable[bool] = WeakTable()


def twin_of(array: np.ndarray, driver: Driver) -> Twin:
    """The twin, on a device, of the array that owns this one's memory."""
    host = root(array)
    twin = _twins.get(id(host))
    if twin is not None and twin.driver is not driver:
        twin.fetch()
        twin = None
    if twin is None:
        known = id(host) in _twins
        twin = _twins[id(host)] = Twin(host, driver)
        if not known:
            weakref.finalize(host, _twins.pop, id(host), None)
    return twin


def keep_away(array: np.ndarray) -> None:
    """Say that only nnkit touches an array: by ``fetch``, ``lend`` and ``changed``."""
    _kept[root(array)] = True


def exist() -> bool:
    """Whether any array has a twin."""
    return bool(_twins)


def fetch(array: np.ndarray) -> None:
    """Before the host reads an array."""
    if _twins and not busy.running and current_tape() is None:
        bring(array)


def bring(array: np.ndarray) -> None:
    """Before the host reads an array that no step of a model works on."""
    twin = _twins.get(id(root(array))) if _twins else None
    if twin is not None:
        twin.fetch()


def changed(array: np.ndarray) -> None:
    """After the host has written an array; what it did not write must have been fetched."""
    if _twins and not busy.running and current_tape() is None:
        outdate(array)


def outdate(array: np.ndarray) -> None:
    """After the host has written an array that no step of a model works on."""
    twin = _twins.get(id(root(array))) if _twins else None
    if twin is not None:
        twin.newer = "host"


def lend(array: np.ndarray) -> None:
    """When an array is handed out for good."""
    if not busy.running and current_tape() is None:
        host = root(array)
        _kept.pop(host)
        twin = _twins.get(id(host))
        if twin is not None:
            twin.fetch()
            twin.lent = True
