"""Settings: all numbers and paths that users can set."""

from __future__ import annotations

import functools
import math
import os
import sys
from pathlib import Path

import numpy as np

from nnkit.errors import warn

__all__ = [
    "cache_dir",
    "epsilon",
    "floatx",
    "image_data_format",
    "matmul_precision",
    "num_threads",
    "record_memory",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "set_matmul_precision",
    "set_num_threads",
    "set_record_memory",
]

_floatx = "float32"
_epsilon = 1e-7
_data_format = "channels_last"
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


def image_data_format() -> str:
    """Return where layers with ``data_format=None`` expect channels: by default in the last axis.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.config.image_data_format()
    'channels_last'
    """
    return _data_format


def set_image_data_format(data_format: str) -> None:
    """Set the ``data_format`` of new layers that aren't given one.

    A layer keeps the format that it was made with, and so does its configuration.

    Parameters
    ----------
    data_format : str
        ``"channels_last"`` (the default) or ``"channels_first"``.
    """
    global _data_format
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(f"data_format is 'channels_last' or 'channels_first', not {data_format!r}")
    _data_format = data_format


def epsilon() -> float:
    """Return the small number that keeps logarithms and divisions finite: by default 1e-7.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.config.epsilon()
    1e-07
    """
    return _epsilon


def set_epsilon(value: float) -> None:
    """Set the small number that keeps logarithms and divisions finite.

    The cross-entropies of :mod:`nnkit.ops` and :mod:`nnkit.backend` clip probabilities by it, and
    norms are not smaller. The losses of :mod:`nnkit.losses` have 1e-7 in their kernels, so another
    number gives a warning. What was compiled before keeps the old one.

    Parameters
    ----------
    value : float
        Greater than 0, less than 0.5.
    """
    global _epsilon
    number = isinstance(value, (int, float, np.integer, np.floating)) and value is not True
    if not number or not 0 < value < 0.5:
        raise ValueError(f"epsilon is a number between 0 and 0.5, not {value!r}")
    _epsilon = float(value)
    if _epsilon != 1e-7:
        warn(
            "set_epsilon: cross-entropies of nnkit.losses go on to clip probabilities by 1e-7; "
            f"those of nnkit.ops and nnkit.backend do it by {_epsilon}"
        )


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
