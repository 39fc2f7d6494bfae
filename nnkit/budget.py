"""Limits on the memory that may be asked for, before any is.

A slip of a digit asks for more than the machine has, and a file of a few bytes can ask for a layer
of 10**12 units. Whoever builds a model from a file sets a limit first; ``Layer.add_weight`` keeps
to it, and runs no initializer for what the file will fill.
"""

from __future__ import annotations

import functools
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["check_possible", "limit", "limited", "spend"]

_LONGEST = 2**31 - 1  # BLAS counts rows and columns in 32 bits.

_left: ContextVar[int | None] = ContextVar("left", default=None)


@contextmanager
def limit(nbytes: int) -> Iterator[None]:
    """Within the block, weights of at most so many bytes in all can be made, and are zeros.

    Examples
    --------
    >>> with limit(100):
    ...     spend((3, 4), "float32", "dense/kernel")
    ...     spend((10**12,), "float32", "dense/bias")
    Traceback (most recent call last):
    ValueError: dense/bias, of shape (1000000000000,), needs 4000000000000 bytes; ...
    """
    token = _left.set(nbytes)
    try:
        yield
    finally:
        _left.reset(token)


def limited() -> bool:
    """Whether there is a limit: weights are about to be filled from a file."""
    return _left.get() is not None


def check_possible(shape: tuple[int, ...], dtype: Any, what: str, times: int = 1) -> None:
    """Refuse an array that can't be, before memory is asked for.

    Parameters
    ----------
    shape : tuple of int
    dtype : data type
    what : str
        What errors call it.
    times : int
        How many such arrays there will be.

    Raises
    ------
    MemoryError
        It needs more bytes than the machine has, or has an axis too long for BLAS.

    Examples
    --------
    >>> check_possible((4, 2**40), "float32", "dense/kernel")
    Traceback (most recent call last):
    MemoryError: dense/kernel, of shape (4, 1099511627776), needs 17592186044416 bytes; ...
    """
    nbytes = times * math.prod(shape) * np.dtype(dtype).itemsize
    if nbytes > memory():
        copies = f" ({times} times as much as its values)" if times > 1 else ""
        raise MemoryError(
            f"{what}, of shape {shape}, needs {nbytes} bytes{copies}; this machine has {memory()}"
        )
    if shape and max(shape) > _LONGEST:
        raise MemoryError(
            f"{what}, of shape {shape}, needs {nbytes} bytes; an axis may be {_LONGEST} long"
        )


@functools.cache
def memory() -> int:
    """Bytes that this process may have: of the machine, or of the container that it is in."""
    try:
        found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Not on Windows: NumPy finds out by trying.
        return sys.maxsize
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        return found
    return min(found, int(limit)) if limit.isdecimal() else found


def spend(shape: tuple[int, ...], dtype: str, path: str) -> None:
    """Note that a weight is about to be made; an error if that is beyond the limit."""
    left = _left.get()
    nbytes = math.prod(shape) * np.dtype(dtype).itemsize
    if left is not None and nbytes > left:
        raise ValueError(
            f"{path}, of shape {shape}, needs {nbytes} bytes; only {left} are left of what "
            "the weights may take"
        )
    check_possible(shape, dtype, path, times=2)  # It has a gradient.
    if left is not None:
        _left.set(left - nbytes)
