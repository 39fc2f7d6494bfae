"""How rows are divided among workers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

__all__ = ["least", "ranges"]

_LONG = 1024  # Rows of a worker.


def ranges(rows: int, workers: int) -> Iterator[tuple[int, int]]:
    """The rows of each worker; long vectors are cut at cache lines.

    Examples
    --------
    >>> list(ranges(7, 2))
    [(0, 4), (4, 7)]
    """
    unit = 64 if rows >= _LONG * workers else 1
    cuts = [min(rows, -(-rows * w // workers // unit) * unit) for w in range(workers)]
    return pairwise([*cuts, rows])


def least(rows: int, workers: int) -> int:
    """The fewest rows that a worker may have, of so many workers or fewer, if it has any.

    Examples
    --------
    >>> least(64, 3), least(2, 16)
    (21, 1)
    """
    counts = (end - begin for some in range(1, workers + 1) for begin, end in ranges(rows, some))
    return min(filter(None, counts), default=1)
