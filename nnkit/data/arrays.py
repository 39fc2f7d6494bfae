"""Data in memory: checked before any work is done, copied only if necessary."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnkit import checks
from nnkit.conversion import to_numpy
from nnkit.engine.devices import current, on_gpu

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


@dataclass(eq=False)
class Arrays:
    """Samples, targets and weights of equal length, as rows that a kernel can gather.

    Parameters
    ----------
    x : sequence of array
        For each input (n, ...), any number type; an array in a GPU's memory stays there.
    y : sequence of (numpy.ndarray or None)
        For each output (n, ...), any number type; None for an output without a loss.
    weight : sequence of (numpy.ndarray or None)
        For each output (n, 1) or (n, steps): the weight of a sample's loss.
    forms : sequence of (tuple or None)
        For each output the shape in which a sample's targets were given; empty if nobody asks.

    Examples
    --------
    >>> import numpy as np, nnkit
    >>> data = nnkit.data.Arrays([np.zeros((5, 28, 28))], [np.arange(5)])
    >>> {name: array.shape for name, array in data.bound().items()}
    {'x0': (5, 784), 'y0': (5, 1)}
    """

    x: Sequence[Any]
    y: Sequence[np.ndarray | None] = ()
    weight: Sequence[np.ndarray | None] = ()
    forms: Sequence[tuple[int, ...] | None] = ()
    _rows: dict[str, np.ndarray] | None = field(default=None, init=False, repr=False)

    def __len__(self) -> int:
        return len(self.x[0])

    def bound(self) -> dict[str, np.ndarray]:
        """The arrays as matrices of rows, by the names that a step uses."""
        if self._rows is None:
            named = {"x": self.x, "y": self.y, "weight": self.weight}
            self._rows = {
                f"{name}{i}": rows(array)
                for name, arrays in named.items()
                for i, array in enumerate(arrays)
                if array is not None
            }
        return self._rows

    @property
    def shapes(self) -> list[tuple[int | None, ...]]:
        """Shapes of the inputs, with None for the number of samples."""
        return [(None, *array.shape[1:]) for array in self.x]

    def on_host(self) -> dict[str, np.ndarray]:
        """The arrays as matrices of rows, with those in a GPU's memory copied to the host."""
        bound = self.bound()
        return {n: a if isinstance(a, np.ndarray) else a.numpy() for n, a in bound.items()}

    def signature(self) -> tuple[Any, ...]:
        """Shapes and types: a recorded step is valid for data with equal ones."""
        bound = [(name, a.shape[1:], a.dtype.str) for name, a in self.bound().items()]
        return *self.forms, *self.shapes, *bound

    def where(self, rows: slice) -> Arrays:
        """Views of some samples."""

        def part(arrays: Sequence[Any]) -> list[Any]:
            return [a if a is None else a[rows] for a in arrays]

        return Arrays(part(self.x), part(self.y), part(self.weight), self.forms)


def rows(array: Any) -> Any:
    """View an array as (n, product of the other sizes)."""
    return array.reshape(len(array), math.prod(array.shape[1:]))


_FEW = 32  # Up to this size, Python's sum is faster than NumPy's.

# Data types that kernels read without conversion.
_READY = frozenset(np.dtype(code) for code in "?bBhHiIlLqQfd")


def as_array(value: Any, name: str, stays: bool = False) -> Any:
    """Convert a value to a C-contiguous array of numbers, without a copy if it is one already.

    An array in a GPU's memory is copied to the host, unless ``stays``.

    Raises
    ------
    TypeError
        The value is missing or has no numbers: strings, objects, ragged lists, a generator; see
        :func:`nnkit.conversion.to_numpy`.
    ValueError
        The value has no axis; or a column of a table has missing values.
    """
    plain = type(value) is np.ndarray and value.dtype in _READY and value.flags.c_contiguous
    if plain and value.ndim:
        array: np.ndarray = value
        return array
    if on_gpu(value):
        there = current().adopt(value, name)
        if stays and there.ndim:
            return there
        value = there.numpy()
    array = to_numpy(value, name)
    if array.ndim == 0:
        raise ValueError(f"{name} is the single number {array}; it needs a batch axis")
    if array.dtype == np.float16 or array.dtype.itemsize > 8:
        array = array.astype(np.float32 if array.dtype.itemsize < 8 else np.float64)
    return np.ascontiguousarray(array)


def check_lengths(arrays: Mapping[str, np.ndarray | None]) -> int:
    """The common length of all arrays.

    Raises
    ------
    ValueError
        Lengths differ, or are 0.
    """
    given = {name: len(array) for name, array in arrays.items() if array is not None}
    n, *others = given.values()
    if any(other != n for other in others):
        listed = ", ".join(f"{name} has {n}" for name, n in given.items())
        raise ValueError(f"the arrays must have equally many samples: {listed}")
    if n == 0:
        raise ValueError(f"{' and '.join(given)} must have at least one sample, got none")
    return n


def check_finite(array: Any, name: str, dtype: str) -> None:
    """Refuse NaN and numbers that are infinite in a type, which would make all weights NaN.

    Raises
    ------
    ValueError
        The text names the first such sample.
    """
    row = first_not_finite(array, dtype)
    if row is not None:
        raise ValueError(
            f"{name} contains NaN or infinity (in {dtype}), first in sample {row}; clean the data, "
            "or mask such samples with sample_weight=0 after replacing the values"
        )


def first_not_finite(array: Any, dtype: str) -> int | None:
    """Index of the first sample with NaN or infinity in a type; None if there is none."""
    if array.dtype.kind != "f" or not len(array):
        return None
    if not isinstance(array, np.ndarray):
        there: int | None = array.first_not_finite(dtype)
        return there
    for start in range(0, len(array), 4096):  # In slices, to avoid a mask as large as the data.
        part = array[start : start + 4096]
        if part.dtype != dtype:
            with np.errstate(over="ignore", invalid="ignore"):
                part = part.astype(dtype)
        if not seems_finite(part):
            bad = ~np.isfinite(part).reshape(len(part), -1).all(axis=1)
            if bad.any():
                return start + int(np.argmax(bad))
    return None


def seems_finite(array: np.ndarray) -> bool:
    """A fast test that no element is NaN or infinite; False may also mean that squares overflow."""
    if array.size <= _FEW:
        return math.isfinite(sum(array.ravel().tolist()))
    return math.isfinite(np.vdot(array, array))


def sample_weights(
    targets: np.ndarray,
    sample_weight: Any,
    class_weight: Mapping[int, float] | None,
    dtype: str,
    output_shape: tuple[int | None, ...],
) -> np.ndarray | None:
    """A weight for each sample (or each timestep of it), from either argument of ``fit``.

    Parameters
    ----------
    targets : numpy.ndarray
        What the loss's ``prepare`` returned: labels, or a value for every output.
    sample_weight : array or None
        (n,), (n, 1) or (n, steps).
    class_weight : dict or None
        Weights by class index; 1 for other classes.
    dtype : str
    output_shape : tuple
        Shape of the model's output, batch first.
    """
    n, steps = len(targets), math.prod(k or 1 for k in output_shape[1:-1])
    if sample_weight is not None and class_weight is not None:
        raise ValueError("give sample_weight or class_weight, not both")
    if class_weight is not None:
        return _class_weights(targets.reshape(n, steps, -1), class_weight, dtype, output_shape[-1])
    if sample_weight is None:
        return None
    weight = as_array(sample_weight, "sample_weight")
    check_lengths({"y": targets, "sample_weight": weight})
    if weight.size not in (n, n * steps) or weight.ndim > 2:
        raise ValueError(
            f"sample_weight must have shape ({n},)"
            + (f" or ({n}, {steps})" if steps > 1 else "")
            + f", got {weight.shape}"
        )
    check_finite(weight, "sample_weight", dtype)
    return np.ascontiguousarray(weight.reshape(n, -1), dtype)


def _class_weights(
    targets: np.ndarray, class_weight: Mapping[int, float], dtype: str, outputs: int | None
) -> np.ndarray:
    """A weight for every timestep, for targets (n, steps, 1), labels, or (n, steps, classes)."""
    if not isinstance(class_weight, Mapping):
        raise TypeError(f"class_weight is a dictionary {{class: weight}}, got {class_weight!r}")
    labels = targets.argmax(axis=-1) if targets.shape[-1] > 1 else targets[..., 0]
    if (labels != np.floor(labels)).any():
        raise ValueError("class_weight goes with classes, but y has fractions; give sample_weight")
    weight = np.ones(labels.shape, dtype)
    most = np.finfo(dtype).max
    for label, value in class_weight.items():
        key = checks.integer("class_weight", "a class", label, 0, max(2, outputs or 2) - 1)
        weight[labels == key] = checks.number(
            "class_weight", f"class {key}", value, f"[-{most}, {most}]"
        )
    return weight


def split(data: Arrays, part: float) -> tuple[Arrays, Arrays]:
    """Split data into views of the first samples, and of the last ones, the fraction ``part``.

    Raises
    ------
    ValueError
        One of the parts would be empty.
    """
    cut = int(len(data) * (1 - part))
    if cut == 0 or cut == len(data):
        raise ValueError(
            f"validation_split={part} of {len(data)} samples leaves nothing to "
            f"{'train' if cut == 0 else 'validate'} on"
        )

    return data.where(slice(None, cut)), data.where(slice(cut, None))
