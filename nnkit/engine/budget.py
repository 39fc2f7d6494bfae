"""A limit on the weights that may be made, for models that a file describes and then fills.

A file of a few bytes can ask for a layer of 10**12 units. Whoever builds a model from a file sets a
limit first; ``Layer.add_weight`` keeps to it, and runs no initializer for what the file will fill.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

__all__ = ["limit", "limited", "spend"]

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


def spend(shape: tuple[int, ...], dtype: str, path: str) -> None:
    """Note that a weight is about to be made; an error if that is beyond the limit."""
    left = _left.get()
    if left is None:
        return
    nbytes = math.prod(shape) * np.dtype(dtype).itemsize
    if nbytes > left:
        raise ValueError(
            f"{path}, of shape {shape}, needs {nbytes} bytes; only {left} are left of what "
            "the weights may take"
        )
    _left.set(left - nbytes)
