"""Interpolation: the base class of layers whose output is weighted sums along each spatial axis."""

from __future__ import annotations

import functools
from abc import abstractmethod
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nnkit.engine.dispatch import launch
from nnkit.layers.new_lengths import Axes, NewLengths
from nnkit.layers.window import Lengths

__all__ = ["METHODS", "Interpolation", "Samples", "Table", "largest_within", "tables"]


class Samples(NamedTuple):
    """Which elements of an axis are weighed how.

    Attributes
    ----------
    method : str
        One of :data:`METHODS`, or ``"mean"`` of windows that cover the axis.
    length, new : int
        Of the axis, and of the output's.
    start, seen : int
        Samples are of a part of the axis: where it begins, and its length. It may reach beyond the
        axis, whose surroundings are zeros.
    antialias : bool
        Whether samples that are further apart than elements are means of what is between them.
    """

    method: str
    length: int
    new: int
    start: int
    seen: int
    antialias: bool = False


class Table(NamedTuple):
    """For each element of the output: the first element of x that it sees, how many, the weights.

    Attributes
    ----------
    starts, counts : numpy.ndarray
        int64 (new,)
    weights : numpy.ndarray
        (new, the largest count); zeros after a row's count.
    """

    starts: np.ndarray
    counts: np.ndarray
    weights: np.ndarray


class Interpolation(NewLengths, abstract=True):
    """Every element of the output is a sum of neighbouring elements of x, axis by axis."""

    @abstractmethod
    def samples(self, axis: int, lengths: Lengths, new: int) -> Samples:
        """Those along a spatial axis of the input, whose axes have these lengths."""

    def together(self) -> list[Axes]:
        """One axis after the other."""
        return [(axis,) for axis in range(self.rank)]

    def change(self, axes: Axes, x: np.ndarray, y: np.ndarray) -> None:
        """y = the weighted sums."""
        self._resample(0, axes[0], x, y)

    def change_backward(self, axes: Axes, dy: np.ndarray, dx: np.ndarray) -> None:
        """dx = the sum of dy times the weight with which it saw the element."""
        self._resample(1, axes[0], dy, dx)

    def _resample(self, way: int, axis: int, x: np.ndarray, y: np.ndarray) -> None:
        there_and_back = tables(self.samples_of(axis), self.dtype)
        launch.resample(self.lines(x, axis), *there_and_back[way], self.lines(y, axis))

    def samples_of(self, axis: int) -> Samples:
        """The samples along an axis of the last input."""
        lengths, _ = self.divide(self.shapes[0])
        new = self.new_lengths(lengths)[axis]
        return self.samples(axis, lengths, new)  # type: ignore[arg-type]

    def lines(self, x: np.ndarray, axis: int) -> np.ndarray:
        """View x as (batch, outer, length of the axis, inner)."""
        planes = self.planes(x, (axis,))
        return planes.reshape(*planes.shape[:2], *planes.shape[3:])


# ------------------------------------------------------------------------------------- weights


def _triangle(x: np.ndarray) -> np.ndarray:
    return np.maximum(0, 1 - x)


def _cubic(x: np.ndarray) -> np.ndarray:
    """R. Keys, 1981, "Cubic convolution interpolation for digital image processing", a = -1/2."""
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def _lanczos(radius: int, x: np.ndarray) -> np.ndarray:
    """C. Duchon, 1979, "Lanczos filtering in one and two dimensions"."""
    return np.where(x < radius, np.sinc(x) * np.sinc(x / radius), 0)


_KERNELS: dict[str, tuple[int, Callable[[np.ndarray], np.ndarray]]] = {
    "bilinear": (1, _triangle),
    "bicubic": (2, _cubic),
    "lanczos3": (3, functools.partial(_lanczos, 3)),
    "lanczos5": (5, functools.partial(_lanczos, 5)),
}
METHODS = ("nearest", *_KERNELS)


@functools.lru_cache(maxsize=256)
def tables(samples: Samples, dtype: str) -> tuple[Table, Table]:
    """What elements of the output see of x, and, for the way back, by what those of x are seen.

    Examples
    --------
    >>> there, back = tables(Samples("bilinear", 2, 4, 0, 2), "float64")
    >>> there.starts, there.counts, there.weights
    (array([0, 0, 0, 1]), array([1, 2, 2, 1]), array([[1.  , 0.  ],
           [0.75, 0.25],
           [0.25, 0.75],
           [1.  , 0.  ]]))
    >>> back.weights
    array([[1.  , 0.75, 0.25],
           [0.25, 0.75, 1.  ]])
    """
    at, weights = _weighed(samples)
    at = at + samples.start
    weights = np.where((at >= 0) & (at < samples.length), weights, 0)
    rows, taps = np.nonzero(weights)
    pairs = rows, at[rows, taps], weights[rows, taps]
    return (
        _table(*pairs, samples.new, dtype),
        _table(pairs[1], pairs[0], pairs[2], samples.length, dtype),
    )


def _weighed(samples: Samples) -> tuple[np.ndarray, np.ndarray]:
    """Elements that each element of the output may see, and their weights."""
    method, _, new, _, seen, antialias = samples
    i = np.arange(new)[:, None]
    if method == "nearest":
        return (2 * i + 1) * seen // (2 * new), np.ones((new, 1))
    if method == "mean":
        first, end = i * seen // new, -((i + 1) * seen // -new)
        at = first + np.arange((end - first).max())
        return at, (at < end) / (end - first)
    radius, kernel = _KERNELS[method]
    step = seen / new
    wide = max(step, 1.0) if antialias else 1.0
    center = (i + 0.5) * step - 0.5
    at = np.ceil(center - radius * wide).astype(np.int64) + np.arange(int(2 * radius * wide) + 1)
    weights = kernel(np.abs(center - at) / wide)
    weights[(at < 0) | (at >= seen)] = 0
    return at, weights / weights.sum(axis=1, keepdims=True)


def _table(
    rows: np.ndarray, columns: np.ndarray, weights: np.ndarray, length: int, dtype: str
) -> Table:
    """Of the elements of a matrix that are not zero, with so many rows."""
    first = np.full(length, np.iinfo(np.int64).max)
    end = np.zeros(length, np.int64)
    np.minimum.at(first, rows, columns)
    np.maximum.at(end, rows, columns + 1)
    first = np.minimum(first, end)
    dense = np.zeros((length, max(int((end - first).max()), 1)), dtype)
    dense[rows, columns - first[rows]] = weights
    made = Table(first, end - first, dense)
    for array in made:
        array.flags.writeable = False
    return made


def largest_within(lengths: Lengths, size: Lengths) -> list[tuple[int, int]]:
    """Start and length along each axis of the largest part in an image's middle of a form.

    Examples
    --------
    >>> largest_within((4, 9), (10, 10))
    [(0, 4), (2, 4)]
    """
    (height, width), (rows, columns) = lengths, size
    parts = (height, width * rows // columns), (width, height * columns // rows)
    whole = [(n, max(min(n, part), 1)) for n, part in parts]
    return [((n - part) // 2, part) for n, part in whole]
