"""With NUMBA_BOUNDSCHECK=1 kernels are compiled anew: only what may find an index out of bounds."""

import os

import numpy as np

CHECKED = os.environ.get("NUMBA_BOUNDSCHECK") == "1"
# About compiling, keeping and linking, and about functions of a number.
collect_ignore = []
if CHECKED:
    about = ("blas_library", "cache", "disk", "float32", "math", "numba")
    collect_ignore = [f"test_{name}.py" for name in about]
# How many numbers a vector has depends on their type, and with it where tiles begin and end.
TILES = {"test_convolution", "test_dense", "test_tile"}


def _checked_with_float64(item):
    """Whether the same test with float64 uses the same indices, or some more."""
    dtype = getattr(item, "callspec", None) and item.callspec.params.get("dtype")
    return dtype is np.float32 and item.module.__name__.split(".")[-1] not in TILES


def pytest_collection_modifyitems(config, items):
    twice = [item for item in items if CHECKED and _checked_with_float64(item)]
    if twice:
        config.hook.pytest_deselected(items=twice)
        items[:] = [item for item in items if item not in set(twice)]
