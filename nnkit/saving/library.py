"""Import of h5py, the library that writes HDF5."""

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
    """Import h5py when it is first needed; Ctrl-C can't interrupt the import."""
    with deferred(), _importing:
        with forks.adopted():  # h5py has a lock of its own that it holds at forks.
            import h5py
        forks.register()  # For a user's earlier import of h5py.
    return h5py
