"""Settings: all numbers and paths that users can set."""

from __future__ import annotations

import functools
import math
import os
import sys
from pathlib import Path

__all__ = [
    "cache_dir",
    "epsilon",
    "floatx",
    "matmul_precision",
    "num_threads",
    "record_memory",
    "set_floatx",
    "set_matmul_precision",
    "set_num_threads",
    "set_record_memory",
]

_floatx = "float32"
_matmul_precision = "float32"
_threads: int | None = None
_record_memory: float | None = None


def floatx() -> str:
    """Return the data type of new layers: ``"float32"`` or ``"float64"``.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.config.floatx()
    'float32'
    """
    return _floatx


def set_floatx(value: str) -> None:
    """Set the data type of new layers.

    Parameters
    ----------
    value : str
        ``"float32"`` (the default) or ``"float64"``.
    """
    global _floatx
    if value not in ("float32", "float64"):
        raise ValueError(f"floatx is 'float32' or 'float64', not {value!r}")
    _floatx = value


def matmul_precision() -> str:
    """Return the precision of float32 matrix products on a GPU: ``"float32"`` or ``"tf32"``.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.config.matmul_precision()
    'float32'
    """
    return _matmul_precision


def set_matmul_precision(precision: str) -> None:
    """Set the precision of float32 matrix products on a GPU, from the next ``fit`` on.

    Parameters
    ----------
    precision : str
        ``"float32"`` (the default), or ``"tf32"``: several times as fast on tensor cores, with
        10 bits of every factor's mantissa instead of 23; sums stay float32. CPUs, and GPUs without
        tensor cores for TF32, always use float32.
    """
    global _matmul_precision
    if precision not in ("float32", "tf32"):
        raise ValueError(f"matmul_precision is 'float32' or 'tf32', not {precision!r}")
    _matmul_precision = precision


def epsilon() -> float:
    """Return the small number (1e-7, as in Keras) that keeps logarithms and divisions finite."""
    return 1e-7


def num_threads() -> int:
    """Return the largest number of worker threads in a training step.

    By default ``NNKIT_NUM_THREADS`` if that is set, else the number of cores of this process.
    """
    if _threads is not None:
        return _threads
    given = os.environ.get("NNKIT_NUM_THREADS")
    if given:
        if not given.isdigit() or int(given) < 1:
            raise ValueError(f"NNKIT_NUM_THREADS must be a whole number from 1 on, not {given!r}")
        return int(given)
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), _cgroup_cores())
    return os.cpu_count() or 1


@functools.cache
def _cgroup_cores(path: str = "/sys/fs/cgroup/cpu.max") -> int:
    """The number of whole cores that a container may use: more threads would only wait."""
    try:
        quota, period = Path(path).read_text().split()
        return max(1, int(quota) // int(period))
    except (OSError, ValueError):  # There is no limit, or it is "max".
        return sys.maxsize


def set_num_threads(threads: int | None) -> None:
    """Set the largest number of worker threads in a training step; None restores the default."""
    global _threads
    if threads is not None and (not isinstance(threads, int) or threads < 1):
        raise ValueError(f"num_threads must be a whole number from 1 on, not {threads!r}")
    _threads = threads


def record_memory() -> float:
    """Return how many megabytes (of 10**6 bytes) the recorded steps of one model may take.

    By default ``NNKIT_RECORD_MEMORY`` if that is set, else 256.
    """
    if _record_memory is not None:
        return _record_memory
    given = os.environ.get("NNKIT_RECORD_MEMORY")
    if not given:
        return 256.0
    try:
        return _megabytes(float(given))
    except ValueError:
        raise ValueError(
            f"NNKIT_RECORD_MEMORY must be a number of megabytes from 0 on, not {given!r}"
        ) from None


def set_record_memory(megabytes: float | None) -> None:
    """Set how many megabytes the recorded steps of one model may take; None restores the default.

    A step is recorded for each size of batch, and for each length of samples. What is beyond the
    bound is forgotten, the longest unused first, and recorded again when it comes back; the step in
    use stays. The steps of training have the bound to themselves, and so have the predictions of
    each thread. The arena, in which steps have their results, is one for all, and not counted.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.config.set_record_memory(64)
    >>> nnkit.config.record_memory()
    64.0
    >>> nnkit.config.set_record_memory(None)
    """
    global _record_memory
    try:
        _record_memory = None if megabytes is None else _megabytes(megabytes)
    except ValueError:
        raise ValueError(
            f"record_memory must be a number of megabytes from 0 on, not {megabytes!r}"
        ) from None


def _megabytes(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        raise ValueError
    return float(value)


def cache_dir() -> Path:
    """Return the folder of compiled kernels and downloads: ``NNKIT_CACHE_DIR`` or the user's cache.

    Raises
    ------
    FileNotFoundError
        The user has no home folder, and ``NNKIT_CACHE_DIR`` is not set.
    """
    given = os.environ.get("NNKIT_CACHE_DIR")
    if given:
        return _expanded(given)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return _expanded(base) / "nnkit"


def _expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise FileNotFoundError(f"{path!r} has no home folder to begin with") from error
