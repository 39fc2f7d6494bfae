"""Functions that make a layer that merges, and call it, as in Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnkit.layers.add import Add
from nnkit.layers.average import Average
from nnkit.layers.concatenate import Concatenate
from nnkit.layers.dot import Dot
from nnkit.layers.maximum import Maximum
from nnkit.layers.minimum import Minimum
from nnkit.layers.multiply import Multiply
from nnkit.layers.subtract import Subtract

__all__ = [
    "add",
    "average",
    "concatenate",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]


def concatenate(inputs: Sequence[Any], axis: int = -1, **options: Any) -> Any:
    """Several inputs side by side: ``Concatenate(axis, **options)(inputs)``."""
    return Concatenate(axis, **options)(inputs)


def dot(
    inputs: Sequence[Any], axes: int | Sequence[int] = -1, normalize: bool = False, **options: Any
) -> Any:
    """Products, added up along axes: ``Dot(axes, normalize, **options)(inputs)``."""
    return Dot(axes, normalize, **options)(inputs)


def add(inputs: Sequence[Any], **options: Any) -> Any:
    """The sum of several inputs: ``Add(**options)(inputs)``."""
    return Add(**options)(inputs)


def average(inputs: Sequence[Any], **options: Any) -> Any:
    """The mean of several inputs: ``Average(**options)(inputs)``."""
    return Average(**options)(inputs)


def multiply(inputs: Sequence[Any], **options: Any) -> Any:
    """The product of several inputs, element by element: ``Multiply(**options)(inputs)``."""
    return Multiply(**options)(inputs)


def maximum(inputs: Sequence[Any], **options: Any) -> Any:
    """The largest of several inputs, element by element: ``Maximum(**options)(inputs)``."""
    return Maximum(**options)(inputs)


def minimum(inputs: Sequence[Any], **options: Any) -> Any:
    """The smallest of several inputs, element by element: ``Minimum(**options)(inputs)``."""
    return Minimum(**options)(inputs)


def subtract(inputs: Sequence[Any], **options: Any) -> Any:
    """The difference of two inputs: ``Subtract(**options)(inputs)``."""
    return Subtract(**options)(inputs)
