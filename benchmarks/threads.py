"""The same for every library: two cores, and the kernels that it chooses by itself."""

import os

THREADS = 2
_VARIABLES = ["NNKIT_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]
# What else in the environment decides how fast one library may be, but not the others.
_FORCING = ("OPENBLAS_", "MKL_", "ONEDNN_", "DNNL_", "ATEN_CPU_CAPABILITY", "XLA_FLAGS", "OMP_")


def forced() -> dict[str, str]:
    """Settings of the environment that choose a library's kernels for it."""
    return {name: value for name, value in os.environ.items() if name.startswith(_FORCING)}


def free() -> None:
    """Drop them, so that every library chooses for this processor."""
    for name in forced():
        del os.environ[name]


def limit() -> None:
    """Keep this process and the ones it starts to two cores."""
    for name in _VARIABLES:
        os.environ[name] = str(THREADS)
    if hasattr(os, "sched_setaffinity"):  # XLA's pool has no variable; it counts these.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
