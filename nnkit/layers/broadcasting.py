"""Broadcasting: arrays repeated along axes of size 1, and the sums of their gradients."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np

from nnkit.engine.dispatch import empty, launch

__all__ = ["broadcast", "sum_to"]

Shape = tuple[int, ...]


def broadcast(x: np.ndarray, shape: Shape) -> np.ndarray:
    """``x`` repeated along axes of size 1; the array itself where none is repeated."""
    for before, count, after in _repeated(x.shape, shape):
        y = empty((1, before, count, 1, after), x.dtype)
        launch.repeat(x.reshape(1, before, 1, 1, after), y)
        x = y
    return x.reshape(shape)


def sum_to(dy: np.ndarray, shape: Shape) -> np.ndarray:
    """The gradient of an array of a shape, given that of the array broadcast from it."""
    for before, count, after in reversed(list(_repeated(shape, dy.shape))):
        dx = empty((1, before, 1, 1, after), dy.dtype)
        launch.repeat_backward(dy.reshape(1, before, count, 1, after), dx)
        dy = dx
    return dy.reshape(shape)


def _repeated(small: Shape, large: Shape) -> Iterator[tuple[int, int, int]]:
    """For each run of axes that is repeated: the elements before it, how often, and those after it.

    Axes before a run are as large as in the end, those after it as they were given.
    """
    start = 0
    axes = zip(small, large, strict=True)
    for repeats, run in itertools.groupby(axes, key=lambda sizes: sizes[0] != sizes[1]):
        end = start + len(list(run))
        if repeats:
            before, count = math.prod(large[:start]), math.prod(large[start:end])
            yield before, count, math.prod(small[end:])
        start = end
