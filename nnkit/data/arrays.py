"""Data in memory: checked before any work is done, never copied unless it must be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Arrays", "as_array", "check_finite", "check_lengths", "sample_weights", "split"]


@dataclass(frozen=True)
class Arrays:
    """Samples, targets and weights of equal length, as rows that a kernel can gather.

    Attributes
    ----------
    x : numpy.ndarray
        (n, features), any number type.
    y : numpy.ndarray or None
        (n, targets), any number type.
    weight : numpy.ndarray or None
        (n, 1) or (n, steps): how much a sample's loss counts.
    """

    x: np.ndarray
    y: np.ndarray | None = None
    weight: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.x)

    def bound(self) -> dict[str, np.ndarray]:
        """The arrays by the names that a step knows them by."""
        named = {"x": self.x, "y": self.y, "weight": self.weight}
        return {name: rows(a) for name, a in named.items() if a is not None}

    def signature(self) -> tuple[Any, ...]:
        """What a recorded step depends on."""
        return tuple((name, a.shape[1:], a.dtype.str) for name, a in self.bound().items())


def rows(array: np.ndarray) -> np.ndarray:
    """An array as (n, everything else)."""
    return array.reshape(len(array), -1) if len(array) else array.reshape(0, 0)


def as_array(value: Any, name: str) -> np.ndarray:
    """A C-contiguous array of numbers; the same memory if it is one already.

    Raises
    ------
    TypeError
        Missing, or not numbers: strings, objects, ragged lists, a generator.
    ValueError
        No axis, or no sample.
    """
    if value is None:
        raise TypeError(f"{name} is missing")
    if isinstance(value, Mapping):
        raise TypeError(f"{name} is a dictionary; a Sequential has one input and one output array")
    if hasattr(value, "__next__") or hasattr(value, "__len__") is False:
        raise TypeError(
            f"{name} must be an array, got {type(value).__name__}; "
            "collect what it yields into one array first"
        )
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise TypeError(f"{name} is not one array of numbers: {error}") from None
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{name} must be numbers (float, int or bool), got dtype {array.dtype}"
            + (
                "; convert strings and objects to numbers first"
                if array.dtype.kind in "OUS"
                else ""
            )
        )
    if array.ndim == 0:
        raise ValueError(f"{name} is the single number {array}; it needs a batch axis")
    if array.dtype == np.float16 or array.dtype.itemsize > 8:
        array = array.astype(np.float32 if array.dtype.itemsize < 8 else np.float64)
    return np.ascontiguousarray(array, array.dtype.newbyteorder("="))


def check_lengths(arrays: Mapping[str, np.ndarray | None]) -> int:
    """The one length that all arrays share.

    Raises
    ------
    ValueError
        They differ, or there is no sample at all.
    """
    given = {name: len(array) for name, array in arrays.items() if array is not None}
    if len(set(given.values())) > 1:
        listed = ", ".join(f"{name} has {n}" for name, n in given.items())
        raise ValueError(f"the arrays must have equally many samples: {listed}")
    n = next(iter(given.values()))
    if n == 0:
        raise ValueError(f"{' and '.join(given)} must have at least one sample, got none")
    return n


def check_finite(array: np.ndarray, name: str) -> None:
    """Refuse NaN and infinity, which would turn every weight into NaN in one step.

    Raises
    ------
    ValueError
        Names the first such sample.
    """
    if array.dtype.kind != "f":
        return
    for start in range(0, len(array), 4096):  # In slices: no mask as large as the data.
        part = array[start : start + 4096]
        with np.errstate(over="ignore", invalid="ignore"):
            if np.isfinite(part.sum()):  # One fast pass says that all is well, as a rule.
                continue
        bad = ~np.isfinite(part).reshape(len(part), -1).all(axis=1)
        if bad.any():
            row = start + int(np.argmax(bad))
            raise ValueError(
                f"{name} contains NaN or infinity, first in sample {row} "
                f"({bad.sum()} in this slice of {len(part)}); clean the data, or mask such "
                "samples with sample_weight=0 after replacing the values"
            )


def sample_weights(
    y: np.ndarray,
    sample_weight: Any,
    class_weight: Mapping[int, float] | None,
    dtype: str,
    steps: int,
) -> np.ndarray | None:
    """One weight a sample (or a sample and time step), from either argument of ``fit``.

    Parameters
    ----------
    y : numpy.ndarray
        Targets as given: labels, or one-hot rows.
    sample_weight : array or None
        (n,), (n, 1) or (n, steps).
    class_weight : dict or None
        Class index to weight; a class not named counts 1.
    dtype : str
    steps : int
        Rows of output a sample has.
    """
    if sample_weight is not None and class_weight is not None:
        raise ValueError("give sample_weight or class_weight, not both")
    if class_weight is not None:
        return _class_weights(y, class_weight, dtype)
    if sample_weight is None:
        return None
    weight = as_array(sample_weight, "sample_weight")
    check_lengths({"y": y, "sample_weight": weight})
    if weight.size not in (len(y), len(y) * steps) or weight.ndim > 2:
        raise ValueError(
            f"sample_weight must have shape ({len(y)},)"
            + (f" or ({len(y)}, {steps})" if steps > 1 else "")
            + f", got {weight.shape}"
        )
    check_finite(weight, "sample_weight")
    return np.ascontiguousarray(weight.reshape(len(y), -1), dtype)


def _class_weights(y: np.ndarray, class_weight: Mapping[int, float], dtype: str) -> np.ndarray:
    if not isinstance(class_weight, Mapping):
        raise TypeError(f"class_weight is a dictionary {{class: weight}}, got {class_weight!r}")
    labels = y.reshape(len(y), -1)
    classes = labels.argmax(axis=1) if labels.shape[1] > 1 else labels[:, 0].astype(np.int64)
    wrong = [c for c in class_weight if isinstance(c, bool) or not isinstance(c, (int, np.integer))]
    if wrong:
        raise ValueError(f"class_weight's keys are class indices (int), got {wrong[0]!r}")
    weight = np.ones(len(y), dtype)
    for label, value in class_weight.items():
        weight[classes == label] = value
    return weight.reshape(-1, 1)


def split(data: Arrays, part: float) -> tuple[Arrays, Arrays]:
    """All but the last part of some data, and that part; nothing is copied.

    Raises
    ------
    ValueError
        One of the two would be empty.
    """
    cut = int(len(data) * (1 - part))
    if cut == 0 or cut == len(data):
        raise ValueError(
            f"validation_split={part} of {len(data)} samples leaves nothing to "
            f"{'train' if cut == 0 else 'validate'} on"
        )

    def rows_of(where: slice) -> Arrays:
        y, weight = (a if a is None else a[where] for a in (data.y, data.weight))
        return Arrays(data.x[where], y, weight)

    return rows_of(slice(None, cut)), rows_of(slice(cut, None))
