"""Settings for all tests. The environment is set here, before anything imports nnkit or numba."""

import os
import tempfile

# Compiled kernels of earlier sessions must not hide that one no longer compiles. NNKIT_TEST_CACHE
# names a folder to share among the sessions of one `make test`, or to keep while developing.
_fresh_cache = tempfile.TemporaryDirectory(prefix="nnkit-tests-")
os.environ["NNKIT_CACHE_DIR"] = os.environ.get("NNKIT_TEST_CACHE", _fresh_cache.name)
os.environ["MPLBACKEND"] = "Agg"

import numpy as np  # noqa: E402
import pytest  # noqa: E402


@pytest.fixture
def rng():
    """A generator that gives the same numbers in every run."""
    return np.random.default_rng(0)
