"""These tests run in a process of their own, where numba simulates CUDA."""

import os
import sys

import pytest

import nnkit
from nnkit.engine.cuda.options import options

_simulated = os.environ.get("NUMBA_ENABLE_CUDASIM") == "1"
collect_ignore_glob = [] if _simulated else ["test_*.py"]
if _simulated:
    # Simulated threads that wait for others keep Python's lock meanwhile: not for long.
    sys.setswitchinterval(1e-4)


@pytest.fixture(autouse=True)
def _as_it_was():
    yield
    nnkit.set_device("cpu")
    options.fuse = "auto"
