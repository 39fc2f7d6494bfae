"""Every number and path that nnkit can be tuned with."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = [
    "cache_dir",
    "epsilon",
    "floatx",
    "matmul_precision",
    "num_threads",
    "set_floatx",
    "set_matmul_precision",
    "set_num_threads",
]

_floatx = "float32"
_matmul_precision = "float32"
_threads: int | None = None


def floatx() -> str:
    """Data type of new layers: ``"float32"`` or ``"float64"``.

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
    """How exactly a GPU multiplies float32 matrices: ``"float32"`` or ``"tf32"``.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.config.matmul_precision()
    'float32'
    """
    return _matmul_precision


def set_matmul_precision(precision: str) -> None:
    """Set how exactly a GPU multiplies float32 matrices, from the next ``fit`` or ``predict`` on.

    Parameters
    ----------
    precision : str
        ``"float32"`` (the default), or ``"tf32"``: several times as fast on tensor cores, with
        10 bits of every factor's mantissa instead of 23; sums stay float32. A CPU, and a GPU
        without tensor cores for it, always uses float32.
    """
    global _matmul_precision
    if precision not in ("float32", "tf32"):
        raise ValueError(f"matmul_precision is 'float32' or 'tf32', not {precision!r}")
    _matmul_precision = precision


def epsilon() -> float:
    """The small number (1e-7, Keras's) that keeps logarithms and divisions finite."""
    return 1e-7


def num_threads() -> int:
    """Worker threads that a training step may use at most.

    ``NNKIT_NUM_THREADS`` if that is set, else the cores that this process may use.
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


def _cgroup_cores(path: str = "/sys/fs/cgroup/cpu.max") -> int:
    """Whole cores that a container may use: more threads than that would wait for each other."""
    try:
        quota, period = Path(path).read_text().split()
        return max(1, int(quota) // int(period))
    except (OSError, ValueError):  # No such limit, or "max".
        return sys.maxsize


def set_num_threads(threads: int | None) -> None:
    """Set how many worker threads a step may use; ``None`` goes back to the default."""
    global _threads
    if threads is not None and (not isinstance(threads, int) or threads < 1):
        raise ValueError(f"num_threads must be a whole number from 1 on, not {threads!r}")
    _threads = threads


def cache_dir() -> Path:
    """Folder for compiled kernels and downloaded data: ``NNKIT_CACHE_DIR`` or the user's cache.

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
