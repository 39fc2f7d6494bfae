"""Host arrays that have a mirror on a device, and which of the two has the newer content.

Layers, optimizers and counters own NumPy arrays; a device works on mirrors of them. Whoever reads
or writes such an array on the host says so by :func:`reading` and :func:`writing`, and gets it up
to date. Arrays that somebody holds for good, who says nothing, are brought in line before and after
every run. So are all that were not declared :func:`private`.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

import numpy as np

from nnkit.engine.dispatch import at_work
from nnkit.engine.references import root
from nnkit.weak import WeakTable

if TYPE_CHECKING:
    from nnkit.engine.cuda.driver import Driver

__all__ = [
    "Mirror",
    "bring_home",
    "exist",
    "lent",
    "mirror_of",
    "private",
    "reading",
    "writing",
]


class Mirror:
    """A host array that owns its memory, and its copy on a device.

    Attributes
    ----------
    newer : {"host", "device", "neither", "step"}
        ``"step"``: a step that is under way changes the array. Python code in the middle of it gets
        the host's array from the step, and what it writes there goes back by the step.
    lent : bool
        Somebody may hold the host array and read or write it at any time.
    """

    def __init__(self, host: np.ndarray, driver: Driver) -> None:
        self._host = weakref.ref(host)
        self.driver = driver
        self.memory = driver.allocate(max(host.nbytes, 1))
        self.newer = "host"
        self.lent = host not in _private

    @property
    def host(self) -> np.ndarray:
        """The array on the host."""
        host = self._host()
        if host is None:
            raise ReferenceError("a mirror is dropped together with its array")
        return host

    def prepare(self) -> None:
        """Before a run: let the device have what the host may have changed."""
        if self.lent or self.newer == "host":
            self.driver.upload(self.host, self.memory)
            self.newer = "neither"

    def finish(self) -> None:
        """After a run that wrote the device's copy: if it is lent, the host gets it."""
        self.newer = "device"
        if self.lent:
            self.fetch()

    def fetch(self) -> None:
        """Bring the host up to date."""
        if self.newer == "device":
            self.driver.download(self.memory, self.host)
            self.newer = "neither"


_mirrors: dict[int, Mirror] = {}
_private: WeakTable[bool] = WeakTable()


def reading(array: np.ndarray) -> np.ndarray:
    """The array, up to date, for the host to read now.

    Examples
    --------
    >>> weights = np.ones(3)
    >>> float(reading(weights).sum())
    3.0
    """
    mirror = _mirrors.get(id(root(array))) if _mirrors else None
    if mirror is not None:
        mirror.fetch()
    return array


def writing(array: np.ndarray) -> np.ndarray:
    """The array, up to date, for the host to read and write now: before the next run of a step.

    Examples
    --------
    >>> weights = np.ones(3)
    >>> writing(weights)[0] = 2
    >>> weights
    array([2., 1., 1.])
    """
    mirror = _mirrors.get(id(root(array))) if _mirrors else None
    if mirror is not None:
        mirror.fetch()
        if mirror.newer != "step":
            mirror.newer = "host"
    return array


def lent(array: np.ndarray) -> np.ndarray:
    """The array, up to date, for somebody who may read and write it at any time from now on.

    Layers at work in a step get it for the step only.
    """
    if not at_work():
        host = root(array)
        _private.pop(host)
        mirror = _mirrors.get(id(host))
        if mirror is not None:
            mirror.fetch()
            mirror.lent = True
    return array


def private(array: np.ndarray) -> np.ndarray:
    """The array; nobody reads or writes it but by ``reading``, ``writing`` and ``lent``."""
    _private[root(array)] = True
    return array


def exist() -> bool:
    """Whether any array has a mirror."""
    return bool(_mirrors)


def bring_home(driver: Driver) -> None:
    """Bring the host up to date with all that lies on a device, before Python works on it."""
    for mirror in list(_mirrors.values()):
        if mirror.driver is driver:
            mirror.fetch()


def mirror_of(array: np.ndarray, driver: Driver) -> Mirror:
    """The mirror, on a device, of the array that owns this one's memory."""
    host = root(array)
    mirror = _mirrors.get(id(host))
    if mirror is not None and mirror.driver is not driver:
        mirror.fetch()
        mirror = None
    if mirror is None:
        known = id(host) in _mirrors
        mirror = _mirrors[id(host)] = Mirror(host, driver)
        if not known:
            weakref.finalize(host, _mirrors.pop, id(host), None)
    return mirror
