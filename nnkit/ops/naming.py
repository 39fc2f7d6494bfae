"""Functions of expressions under Keras's names: of arrays and of placeholders, too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from nnkit import config
from nnkit.engine.array_reading import ArrayReading
from nnkit.layers.nodes import holds_placeholders, operate
from nnkit.layers.tracing import current_trace
from nnkit.nested import leaves, mapped, packed
from nnkit.symbolic import tensor as T
from nnkit.symbolic.config import floats, is_deriving
from nnkit.symbolic.graph import FunctionGraph, Variable
from nnkit.symbolic.run.evaluate import Evaluator
from nnkit.symbolic.tensor.math import floats as as_floats

__all__ = [
    "Axis",
    "Expression",
    "of_anything",
    "one",
    "over",
    "two",
    "with_number",
]

F = TypeVar("F", bound=Callable[..., Any])
Expression = Any
Axis = int | Sequence[int] | None


def one(function: Callable[[Any], Any], name: str, meaning: str) -> Callable[[Any], Any]:
    """Wrap a function of one expression; ``meaning`` becomes its docstring."""

    def operation(x: Expression) -> Expression:
        return function(x)

    return _named(operation, name, meaning)


def two(function: Callable[..., Any], name: str, meaning: str) -> Callable[[Any, Any], Any]:
    """Wrap a function of two expressions, which broadcast; ``meaning`` becomes its docstring."""

    def operation(x1: Expression, x2: Expression) -> Expression:
        return function(x1, x2)

    return _named(operation, name, meaning)


def over(function: Callable[..., Any], name: str, meaning: str) -> Callable[..., Any]:
    """Wrap a reduction over axes; ``meaning`` becomes its docstring."""

    def operation(x: Expression, axis: Axis = None, keepdims: bool = False) -> Expression:
        return function(x, axis=axis, keepdims=keepdims)

    return _named(operation, name, meaning)


def _named(operation: F, name: str, meaning: str) -> F:
    operation.__name__ = operation.__qualname__ = name
    operation.__module__ = "nnkit.ops"  # For pickle.
    operation.__doc__ = meaning
    return operation


def with_number(x: Expression, value: float) -> tuple[Expression, Expression]:
    """x as floats, and a number in x's data type, so that the result's type isn't wider."""
    x = as_floats(x)
    return x, T.constant(value, dtype=x.dtype) if isinstance(value, (int, float)) else value


def of_anything(function: F, name: str) -> F:
    """Let a function of expressions take placeholders and arrays, too, and give the same."""

    @wraps(function)
    def operation(*arguments: Any, **named: Any) -> Any:
        given = arguments, named
        if holds_placeholders(given):
            return operate(name, *arguments, **named)
        if any(isinstance(value, Variable) for value in leaves(given)):
            return function(*arguments, **named)
        return _of_arrays(function, given)

    return operation  # type: ignore[return-value]


def _of_arrays(function: Callable[..., Any], given: tuple[Any, Any]) -> Any:
    """What a function of expressions gives for arrays and numbers: arrays."""
    trace = current_trace()
    if not is_deriving() and trace is None:
        # Elsewhere, a weight would stay as it is now, which is an error.
        given = mapped(lambda v: v.numpy() if isinstance(v, ArrayReading) else v, given)
    dtypes = [str(v.dtype) for v in leaves(given) if isinstance(v, (np.ndarray, np.generic))]
    wide = [dtype for dtype in dtypes if dtype in ("float32", "float64")]
    dtype = config.floatx() if trace is None else trace.dtype
    with floats(max(wide, default=dtype)) if not is_deriving() else nullcontext():
        made = function(*given[0], **given[1])
        found = leaves(made)
        if not all(isinstance(value, Variable) for value in found):
            return made
        arrays = Evaluator(FunctionGraph([], found)).run([])
    return packed(made, [array[()] for array in arrays])
