"""Copies of arrays that a step changes, to put them back or to compare with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnkit.engine.mirrors import reading, writing

__all__ = ["Copies", "kept", "restore", "same_bits"]

_LINE = 64  # Bytes of a cache line.
# Bytes up to which memory for copies stays: to map fresh memory takes several times as long as to
# copy.
_SMALL = 16_000_000


class Copies:
    """Memory for copies of arrays, used again each time if it is not large."""

    def __init__(self) -> None:
        self._memory = np.empty(0, np.uint8)

    def of(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Copies of arrays, until it is asked again; for :func:`restore`."""
        starts = [0]
        for array in arrays:
            starts.append(starts[-1] + -(-array.nbytes // _LINE) * _LINE)
        memory = self._memory
        if len(memory) < starts[-1]:
            memory = np.empty(starts[-1], np.uint8)
        if len(memory) <= _SMALL:
            self._memory = memory
        copies = []
        for array, start in zip(arrays, starts, strict=False):
            copy: np.ndarray = np.ndarray(array.shape, array.dtype, memory, start)
            copy[...] = reading(array)
            copies.append(copy)
        return copies


def kept(arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Copies of arrays, for :func:`restore`."""
    return Copies().of(arrays)


def restore(arrays: Sequence[np.ndarray], copies: Sequence[np.ndarray]) -> None:
    """Copy what was kept back into the arrays."""
    for array, copy in zip(arrays, copies, strict=True):
        writing(array)[...] = copy


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays hold the same; NaN is NaN."""
    whole = a.nbytes % 8 == 0 and a.flags.c_contiguous  # Comparing words takes one pass.
    if whole and (a.reshape(-1).view(np.int64) == b.reshape(-1).view(np.int64)).all():
        return True
    return bool(np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))
