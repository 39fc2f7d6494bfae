"""These tests run in a process of their own, where numba simulates CUDA."""

import os
import sys

_simulated = os.environ.get("NUMBA_ENABLE_CUDASIM") == "1"
collect_ignore_glob = [] if _simulated else ["test_*.py"]
if _simulated:
    # Simulated threads that wait for others keep Python's lock meanwhile: not for long.
    sys.setswitchinterval(1e-4)
