"""Recorded steps that a device has faster launches for than those of their calls one by one.

A pattern is a function that looks at a whole record. Whoever knows a faster way to do some step
adds one to :data:`PATTERNS`; a program needs to know nothing else of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from nnkit.engine.cuda.places import Places
from nnkit.engine.cuda.small_stretch import small_dense
from nnkit.engine.tape import Tape

__all__ = ["PATTERNS", "FasterStep", "find_faster"]


class FasterStep(Protocol):
    """A step that does what the recorded calls do."""

    def run(self, addresses: tuple[int, ...], steps: int) -> None:
        """Queue so many steps; ``addresses`` tell whether memory has moved since the last time."""

    def check(self) -> None:
        """After the steps have been waited for: raise DeviceError if they went wrong."""


PATTERNS: list[Callable[[Tape, Places], FasterStep | None]] = [small_dense]


def find_faster(tape: Tape, places: Places) -> FasterStep | None:
    """The faster step of the first pattern that a record matches, if any does."""
    found = (pattern(tape, places) for pattern in PATTERNS)
    return next((step for step in found if step is not None), None)
