"""The library that reads and writes HDF5."""

from __future__ import annotations

import functools
import threading
from typing import Any

from nnkit import forks
from nnkit.interrupts import deferred

__all__ = ["hdf5"]


_importing = threading.RLock()
forks.hold(_importing, 2)


@functools.cache
def hdf5() -> Any:
    """h5py, imported when it is needed: whole, whenever Ctrl-C comes."""
    with deferred(), _importing:
        with forks.adopted():  # It holds a lock at forks, which nnkit takes while it has its own.
            import h5py
        forks.register()  # The user may have imported it before.
    return h5py
