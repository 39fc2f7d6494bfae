"""Arrays that are made of sizes and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from nnkit.ops.naming import Expression, with_number
from nnkit.symbolic import tensor as T
from nnkit.symbolic.config import config

__all__ = [
    "arange",
    "bartlett",
    "blackman",
    "diag",
    "diagflat",
    "empty",
    "empty_like",
    "eye",
    "full",
    "geomspace",
    "hamming",
    "hanning",
    "identity",
    "kaiser",
    "linspace",
    "logspace",
    "meshgrid",
    "ones",
    "tri",
    "tril",
    "triu",
    "vander",
    "zeros",
]


def _sizes(shape: Any) -> tuple[Any, ...]:
    return tuple(shape) if isinstance(shape, (list, tuple)) else (shape,)


def zeros(shape: Sequence[Any] | int, dtype: str | None = None) -> Expression:
    """Zeros."""
    return T.zeros(_sizes(shape), dtype)


def ones(shape: Sequence[Any] | int, dtype: str | None = None) -> Expression:
    """Ones."""
    return T.ones(_sizes(shape), dtype)


def full(
    shape: Sequence[Any] | int, fill_value: Expression, dtype: str | None = None
) -> Expression:
    """``fill_value`` everywhere; a Python number is a float unless ``dtype`` says otherwise."""
    number = isinstance(fill_value, (int, float)) and not isinstance(fill_value, bool)
    return T.full(_sizes(shape), fill_value, dtype or (config.floatX if number else None))


def empty(shape: Sequence[Any] | int, dtype: str | None = None) -> Expression:
    """An array for which no values are promised; they are zeros."""
    return zeros(shape, dtype)


def empty_like(x: Expression, dtype: str | None = None) -> Expression:
    """An array like x for which no values are promised; they are zeros."""
    return T.zeros_like(x, dtype)


def arange(
    start: Expression,
    stop: Expression | None = None,
    step: Expression | None = None,
    dtype: str | None = None,
) -> Expression:
    """Numbers from ``start`` to below ``stop``; with one argument, from 0 to below it."""
    return T.arange(start, stop, 1 if step is None else step, dtype)


def linspace(
    start: Expression,
    stop: Expression,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: str | None = None,
    axis: int = 0,
) -> Any:
    """``num`` equally spaced numbers from ``start`` to ``stop``, along a new axis.

    Parameters
    ----------
    start, stop : expression
        Numbers, or arrays of one shape.
    num : int
    endpoint : bool
        Whether ``stop`` is the last number, or the one behind it.
    retstep : bool
        Give the distance of two numbers, too.
    dtype : str, optional
    axis : int
        Where the new axis is.
    """
    steps = max(num - 1 if endpoint else num, 1)
    shares = np.arange(num) / steps
    start, stop = (
        T.constant(v, dtype="float64") if isinstance(v, (int, float)) else T.as_tensor(v)
        for v in (start, stop)
    )
    difference = stop - start
    along = shares.reshape(-1, *(1,) * difference.ndim)
    points = T.cast(start + difference * along, dtype or config.floatX)
    points = points if axis == 0 else T.moveaxis(points, 0, axis)
    return (points, T.cast(difference / steps, dtype or config.floatX)) if retstep else points


def logspace(
    start: Expression,
    stop: Expression,
    num: int = 50,
    endpoint: bool = True,
    base: float = 10,
    dtype: str | None = None,
    axis: int = 0,
) -> Expression:
    """``base`` to the powers that :func:`linspace` gives."""
    powers = linspace(start, stop, num, endpoint, dtype="float64", axis=axis)
    return T.cast(with_number(powers, float(base))[1] ** powers, dtype or config.floatX)


def geomspace(
    start: float,
    stop: float,
    num: int = 50,
    endpoint: bool = True,
    dtype: str | None = None,
    axis: int = 0,
) -> Expression:
    """``num`` numbers from ``start`` to ``stop``, each the same multiple of the one before."""
    points = np.geomspace(start, stop, num, endpoint, axis=axis)
    return T.constant(points, dtype=dtype or config.floatX)


def eye(N: Any, M: Any = None, k: Any = 0, dtype: str | None = None) -> Expression:
    """A matrix with ones on the k-th diagonal and zeros elsewhere."""
    return T.eye(N, M, k, dtype)


def identity(n: Any, dtype: str | None = None) -> Expression:
    """A square matrix with ones on the diagonal and zeros elsewhere."""
    return T.eye(n, dtype=dtype)


def tri(N: Any, M: Any = None, k: Any = 0, dtype: str | None = None) -> Expression:
    """A matrix with ones on and below the k-th diagonal, and zeros above."""
    return T.tri(N, M, k, dtype)


def tril(x: Expression, k: Any = 0) -> Expression:
    """The matrices in the last two axes, with zeros above the k-th diagonal."""
    return T.tril(x, k)


def triu(x: Expression, k: Any = 0) -> Expression:
    """The matrices in the last two axes, with zeros below the k-th diagonal."""
    return T.triu(x, k)


def diag(x: Expression, k: int = 0) -> Expression:
    """The k-th diagonal of a matrix, or the matrix with a vector on its k-th diagonal."""
    return T.diag(x, k)


def diagflat(x: Expression, k: int = 0) -> Expression:
    """The matrix with all elements of x on its k-th diagonal."""
    return T.diag(T.flatten(x, 1), k)


def vander(x: Expression, N: int | None = None, increasing: bool = False) -> Expression:
    """The powers of the elements of a vector, a row for each, by default the highest first."""
    x = T.as_tensor(x)
    if N is None:
        raise ValueError("vander: give N, the number of powers")
    powers = list(range(N)) if increasing else list(range(N - 1, -1, -1))
    return T.stack([x**p for p in powers], axis=1)


def meshgrid(*x: Expression, indexing: str = "xy") -> list[Expression]:
    """Arrays of the coordinates on a grid, from vectors of the coordinates along each axis.

    Parameters
    ----------
    *x : expression
        Vectors.
    indexing : {"xy", "ij"}
        With "xy", the first two axes of the results are exchanged.
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing is 'xy' or 'ij', not {indexing!r}")
    count = len(x)
    order = list(range(count))
    if indexing == "xy" and count > 1:
        order[:2] = [1, 0]
    lines = [
        T.flatten(T.as_tensor(v), 1).dimshuffle(
            *(0 if order[i] == number else "x" for i in range(count))
        )
        for number, v in enumerate(x)
    ]
    everywhere = reduce(T.add, [T.second(line, np.int8(0)) for line in lines])
    return [T.second(everywhere, line) for line in lines]


# -------------------------------------------------------------------------------------- windows


def bartlett(x: int) -> Expression:
    """The triangular window of x points."""
    return T.constant(np.bartlett(x), dtype=config.floatX)


def blackman(x: int) -> Expression:
    """The Blackman window of x points."""
    return T.constant(np.blackman(x), dtype=config.floatX)


def hamming(x: int) -> Expression:
    """The Hamming window of x points."""
    return T.constant(np.hamming(x), dtype=config.floatX)


def hanning(x: int) -> Expression:
    """The Hann window of x points."""
    return T.constant(np.hanning(x), dtype=config.floatX)


def kaiser(x: int, beta: float) -> Expression:
    """The Kaiser window of x points."""
    return T.constant(np.kaiser(x, beta), dtype=config.floatX)
