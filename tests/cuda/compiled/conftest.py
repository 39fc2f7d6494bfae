"""These tests run in a process of their own, with NNKIT_TEST_COMPILED=1: they take a minute."""

import os

_asked = os.environ.get("NNKIT_TEST_COMPILED") == "1"
_simulated = os.environ.get("NUMBA_ENABLE_CUDASIM") == "1"
collect_ignore_glob = ["test_*.py"] if _simulated or not _asked else []
