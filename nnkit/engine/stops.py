"""Plain Python inside a step: a replay stops, runs it, and goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nnkit.engine.dispatch import current_tape, empty, recording
from nnkit.interrupts import allowed

__all__ = ["in_python", "update_in_python"]


def in_python(
    name: str,
    function: Callable[..., Any],
    inputs: tuple[np.ndarray, ...],
    dtype: str,
    keeps: tuple[np.ndarray, ...] = (),
    reads: tuple[np.ndarray, ...] = (),
    updates: tuple[np.ndarray, ...] = (),
) -> Any:
    """The result of a function of arrays, in memory of the step; recorded as a stop.

    It is an array, or a list of arrays if the function returns a list.

    Parameters
    ----------
    name : str
        Whose work it is, for error messages.
    function : callable
        Gets the inputs read-only: changing one would change somebody else's result.
    inputs : tuple of numpy.ndarray
    dtype : str
        Of the result.
    keeps : tuple of numpy.ndarray
        What the function remembers from earlier in the step.
    reads, updates : tuple of numpy.ndarray
        Lasting arrays that it reads (weights), or changes in place (gradients, statistics).

    Raises
    ------
    ValueError
        A later batch gives another shape than the recorded one.
    """
    several = False

    def run(*arrays: np.ndarray) -> list[np.ndarray]:
        nonlocal several
        try:
            # Kernels that it launches are part of the stop. It is the user's, and may take long.
            with recording(None), allowed():
                made = function(*(_read_only(a) for a in arrays))
                several = isinstance(made, list)
                return [np.ascontiguousarray(a, dtype) for a in (made if several else [made])]
        except Exception as error:
            error.add_note(f"This was in {name!r}; the arrays that it gets are read-only.")
            raise

    count, at = len(inputs), len(inputs) + len(reads)  # Not the arrays: a stop outlives its step.

    def stop(*arrays: np.ndarray) -> None:
        for value, target in zip(run(*arrays[:count]), arrays[at:], strict=False):
            if value.shape != target.shape:
                raise ValueError(
                    f"{name!r} gave shape {value.shape}; for the first batch it was {target.shape}"
                )
            target[...] = value

    results = run(*inputs)
    tape = current_tape()
    if tape is not None:
        targets = [empty(result.shape, dtype) for result in results]
        for target, result in zip(targets, results, strict=True):
            target[...] = result
        tape.stop(stop, (*inputs, *reads), (*targets, *updates), keeps)
        results = targets
    return results if several else results[0]


def update_in_python(
    function: Callable[..., None], reads: tuple[np.ndarray, ...], updates: tuple[np.ndarray, ...]
) -> None:
    """Run a function that changes arrays in place; recorded as a stop.

    Parameters
    ----------
    function : callable
        Gets all of the arrays: memory of the step lies elsewhere in a replay.
    reads, updates : tuple of numpy.ndarray
        What it reads, and what it changes.
    """
    tape = current_tape()
    with recording(None):  # Kernels that it launches are part of the stop.
        function(*reads, *updates)
    if tape is not None:
        tape.stop(function, reads, updates)


def _read_only(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view
