"""Checks of arguments; errors say in one sentence what was given and what was expected."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from nnkit import config
from nnkit.arguments import did_you_mean
from nnkit.conversion import to_numpy

__all__ = [
    "data_format",
    "flag",
    "integer",
    "is_expression",
    "model_file",
    "number",
    "one_of",
    "partial_shape",
    "seed",
    "shape",
]


def integer(owner: str, name: str, value: Any, low: int = 1, high: int = 2**31) -> int:
    """Check an integer from ``low`` to ``high``, and return it.

    Raises
    ------
    TypeError
        The value is not an integer.
    ValueError
        The value is out of range.

    Examples
    --------
    >>> integer("Dense", "units", 10)
    10
    >>> integer("Dense", "units", 0)
    Traceback (most recent call last):
    ValueError: Dense: units must be a whole number from 1 to 2147483648, got 0
    """
    expected = f"{owner}: {name} must be a whole number from {low} to {high}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(expected)
    if not low <= value <= high:
        raise ValueError(expected)
    return int(value)


def number(owner: str, name: str, value: Any, interval: str = "(-inf, inf)") -> float:
    """Check a number in an interval, and return it.

    Raises
    ------
    TypeError
        The value is not a number.
    ValueError
        The value is outside the interval, or NaN.

    Examples
    --------
    >>> number("SGD", "momentum", 0.9, "[0, 1]")
    0.9
    >>> number("Adam", "beta_1", 1, "[0, 1)")
    Traceback (most recent call last):
    ValueError: Adam: beta_1 must be a number in [0, 1), got 1
    """
    expected = f"{owner}: {name} must be a number in {interval}, got {value!r}"
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(expected)
    low, high = (float(bound) for bound in interval[1:-1].split(","))
    above = value > low or (value == low and interval[0] == "[")
    below = value < high or (value == high and interval[-1] == "]")
    if not (above and below):
        raise ValueError(expected)
    return float(value)


def flag(owner: str, name: str, value: Any) -> bool:
    """Check True or False; other values are refused, even if Python takes them for a bool."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{owner}: {name} must be True or False, got {value!r}")
    return bool(value)


def one_of(owner: str, name: str, value: Any, known: tuple[str, ...]) -> str:
    """Check that a value is one of the known words, and return it."""
    if not isinstance(value, str) or value not in known:
        near = did_you_mean(str(value), known).rstrip(".")
        raise ValueError(f"{owner}: {name} must be one of {', '.join(known)}, got {value!r}{near}")
    return value


def float_dtype(owner: str, value: Any) -> str | None:
    """The name of a data type of numbers with fractions, or None.

    Raises
    ------
    ValueError
        It is neither float32 nor float64.
    """
    try:
        name = None if value is None else np.dtype(value).name
    except TypeError:
        name = repr(value)
    if name not in (None, "float32", "float64"):
        raise ValueError(f"{owner}: dtype is 'float32', 'float64' or None, got {value!r}")
    return name


def data_format(owner: str, value: Any) -> str:
    """Check an axis order of images; None is :func:`nnkit.config.image_data_format`."""
    known = ("channels_last", "channels_first")
    return one_of(owner, "data_format", value or config.image_data_format(), known)


def seed(owner: str, value: Any) -> int | None:
    """Check a seed: None, or an integer from 0 to 2**63 - 1."""
    return None if value is None else integer(owner, "seed", value, 0, 2**63 - 1)


def shape(owner: str, name: str, value: Any, high: int = 2**31) -> tuple[int, ...]:
    """Check a shape: a tuple of integers from 1 to ``high``.

    Examples
    --------
    >>> shape("Dense", "input_shape", 784)
    Traceback (most recent call last):
    TypeError: Dense: input_shape must be a tuple of whole numbers, got 784
    """
    if not isinstance(value, (tuple, list)):
        raise TypeError(f"{owner}: {name} must be a tuple of whole numbers, got {value!r}")
    return tuple(integer(owner, name, n, high=high) for n in value)


def partial_shape(owner: str, name: str, value: Any) -> tuple[int | None, ...]:
    """Check a shape some of whose sizes may be None.

    Examples
    --------
    >>> partial_shape("Lambda", "output_shape", [None, 3])
    (None, 3)
    """
    known = [n for n in value if n is not None] if isinstance(value, (tuple, list)) else value
    left = iter(shape(owner, name, known))
    return tuple(None if n is None else next(left) for n in value)


def sizes(owner: str, name: str, value: Any, rank: int, low: int = 1) -> tuple[int, ...]:
    """Check sizes of axes, at least ``low``: an integer for all axes, or one for each.

    Examples
    --------
    >>> sizes("Conv2D", "kernel_size", 3, 2)
    (3, 3)
    >>> sizes("Conv2D", "strides", (1, 2, 3), 2)
    Traceback (most recent call last):
    ValueError: Conv2D: strides must be a whole number or 2 of them, got (1, 2, 3)
    """
    if not isinstance(value, (tuple, list)):
        return (integer(owner, name, value, low),) * rank
    if len(value) != rank:
        raise ValueError(f"{owner}: {name} must be a whole number or {rank} of them, got {value!r}")
    return tuple(integer(owner, name, n, low) for n in value)


def mask(owner: str, value: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Check a mask for inputs of a shape: bool (batch, steps)."""
    array = np.ascontiguousarray(to_numpy(value, f"{owner}: the mask"))
    if array.dtype != bool or array.shape != shape[:2]:
        raise ValueError(
            f"{owner}: the mask of inputs of shape {shape} is bool {shape[:2]}, got "
            f"{array.dtype} {array.shape}"
        )
    return array


def model_file(path: str | os.PathLike[str]) -> None:
    """Refuse a name that a model or its weights can't be written under.

    Examples
    --------
    >>> model_file("model.keras")
    Traceback (most recent call last):
    ValueError: model.keras: nnkit doesn't write .keras files yet; use the suffix .h5
    """
    suffix = Path(path).suffix
    if suffix == ".keras":
        raise ValueError(f"{path}: nnkit doesn't write .keras files yet; use the suffix .h5")
    if suffix not in (".h5", ".hdf5"):
        raise ValueError(f"{path}: the name of a model's file ends in .h5, not in {suffix!r}")


def is_expression(value: Any) -> bool:
    """Whether a value is a symbolic expression or a placeholder of a network.

    This is found out without importing nnkit.symbolic.
    """
    if getattr(type(value), "is_placeholder", False):
        return True
    graph = sys.modules.get("nnkit.symbolic.graph")
    return graph is not None and isinstance(value, graph.Variable)
