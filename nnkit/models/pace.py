"""How many batches one native call does."""

from __future__ import annotations

import time
from collections.abc import Iterator

from nnkit.models.steps import MOST_STEPS

__all__ = ["chunks"]

# Python wakes up about this often during an epoch, to move the bar and to look for Ctrl-C.
_WAKE_SECONDS = 0.1


def chunks(n: int, stride: int, single: bool) -> Iterator[tuple[int, int, int]]:
    """First batch, rows of a batch, and batches of each native call of an epoch.

    Calls grow until they take as long as Python may sleep; how long they are changes no result.
    """
    full, rest = divmod(n, stride)
    first, most = 0, 1
    while first < full:
        steps = 1 if single else min(most, full - first)
        started = time.perf_counter()
        yield first, stride, steps
        elapsed = time.perf_counter() - started
        first += steps
        if steps == most:
            wanted = int(_WAKE_SECONDS * steps / max(elapsed, 1e-9))
            most = max(1, min(4 * most, wanted, MOST_STEPS))
    if rest:
        yield full, rest, 1
