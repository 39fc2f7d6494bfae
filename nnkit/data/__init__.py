"""Data for ``fit``, ``evaluate`` and ``predict``: checked, then read in place.

A *source* yields the batches of an epoch as *blocks*: rows in memory, which native code may read in
one call. Arrays are one block an epoch. Of what comes in batches, many go into a block.
"""

from nnkit.data.arrays import (
    Arrays,
    as_array,
    check_finite,
    check_lengths,
    first_not_finite,
    sample_weights,
    seems_finite,
    split,
)
from nnkit.data.batches import gives_batches
from nnkit.data.feed import Feed
from nnkit.data.source import ArraySource, Block, Source

__all__ = [
    "ArraySource",
    "Arrays",
    "Block",
    "Feed",
    "Source",
    "as_array",
    "check_finite",
    "check_lengths",
    "first_not_finite",
    "gives_batches",
    "sample_weights",
    "seems_finite",
    "split",
]
