"""Functions that make a layer that merges, and call it, as in Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnkit import checks
from nnkit.layers.add_layer import Add
from nnkit.layers.average_layer import Average
from nnkit.layers.concatenate_layer import Concatenate
from nnkit.layers.dot_layer import Dot
from nnkit.layers.lambda_layer import Lambda
from nnkit.layers.maximum_layer import Maximum
from nnkit.layers.minimum_layer import Minimum
from nnkit.layers.multiply_layer import Multiply
from nnkit.layers.subtract_layer import Subtract
from nnkit.spellings import say

__all__ = [
    "add",
    "average",
    "concatenate",
    "dot",
    "maximum",
    "merge",
    "minimum",
    "multiply",
    "subtract",
]


def concatenate(
    inputs: Sequence[Any], axis: int = -1, *, name: str | None = None, dtype: str | None = None
) -> Any:
    """Several inputs side by side: see :class:`Concatenate`."""
    return Concatenate(axis, name=name, dtype=dtype)(inputs)


def dot(
    inputs: Sequence[Any],
    axes: int | Sequence[int] = -1,
    normalize: bool = False,
    *,
    name: str | None = None,
    dtype: str | None = None,
) -> Any:
    """Products, added up along axes: see :class:`Dot`."""
    return Dot(axes, normalize, name=name, dtype=dtype)(inputs)


def add(inputs: Sequence[Any], *, name: str | None = None, dtype: str | None = None) -> Any:
    """The sum of several inputs: see :class:`Add`."""
    return Add(name=name, dtype=dtype)(inputs)


def average(inputs: Sequence[Any], *, name: str | None = None, dtype: str | None = None) -> Any:
    """The mean of several inputs: see :class:`Average`."""
    return Average(name=name, dtype=dtype)(inputs)


def multiply(inputs: Sequence[Any], *, name: str | None = None, dtype: str | None = None) -> Any:
    """The product of several inputs, element by element: see :class:`Multiply`."""
    return Multiply(name=name, dtype=dtype)(inputs)


def maximum(inputs: Sequence[Any], *, name: str | None = None, dtype: str | None = None) -> Any:
    """The largest of several inputs, element by element: see :class:`Maximum`."""
    return Maximum(name=name, dtype=dtype)(inputs)


def merge(
    inputs: Sequence[Any],
    mode: Any = "sum",
    concat_axis: int = -1,
    dot_axes: int | Sequence[int] = -1,
    output_shape: Any = None,
    output_mask: Any = None,
    arguments: Any = None,
    name: str | None = None,
) -> Any:
    """Several inputs as one, as in Keras 1.

    Parameters
    ----------
    inputs : list of Placeholder or array
    mode : str or callable
        ``"sum"``, ``"mul"``, ``"ave"``, ``"max"``, ``"concat"``, ``"dot"``; or a function of the
        list, as in :class:`Lambda`.
    concat_axis, dot_axes, output_shape
        What these modes take.
    output_mask
        None.
    arguments : dict, optional
        Of the function.
    name : str, optional

    Raises
    ------
    ValueError
        The mode is another one.
    """
    say("merge(inputs, mode)", "add, multiply, average, maximum, concatenate or dot")
    if output_mask is not None:
        raise ValueError("merge: a Layer with compute_mask takes the place of output_mask")
    if callable(mode):
        return Lambda(mode, output_shape, arguments=arguments, name=name)(inputs)
    layers = {
        "sum": lambda: Add(name=name),
        "mul": lambda: Multiply(name=name),
        "ave": lambda: Average(name=name),
        "max": lambda: Maximum(name=name),
        "concat": lambda: Concatenate(concat_axis, name=name),
        "dot": lambda: Dot(dot_axes, name=name),
    }
    return layers[checks.one_of("merge", "mode", mode, tuple(layers))]()(inputs)


def minimum(inputs: Sequence[Any], *, name: str | None = None, dtype: str | None = None) -> Any:
    """The smallest of several inputs, element by element: see :class:`Minimum`."""
    return Minimum(name=name, dtype=dtype)(inputs)


def subtract(inputs: Sequence[Any], *, name: str | None = None, dtype: str | None = None) -> Any:
    """The difference of two inputs: see :class:`Subtract`."""
    return Subtract(name=name, dtype=dtype)(inputs)
