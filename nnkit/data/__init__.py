"""Data for ``fit``, ``evaluate`` and ``predict``: checked once, then read in place."""

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

__all__ = [
    "Arrays",
    "as_array",
    "check_finite",
    "check_lengths",
    "first_not_finite",
    "sample_weights",
    "seems_finite",
    "split",
]
