"""Functions of expressions under Keras's names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeVar

from nnkit.checks import is_expression
from nnkit.layers.nodes import holds_placeholders, operate

__all__ = ["Axis", "Expression", "evaluating", "on_placeholders", "one", "over", "two"]

_evaluates: ContextVar[bool] = ContextVar("evaluates", default=False)
F = TypeVar("F", bound=Callable[..., Any])
Expression = Any
Axis = int | Sequence[int] | None


@contextmanager
def evaluating() -> Iterator[None]:
    """In the block, functions of arrays give arrays, not expressions."""
    token = _evaluates.set(True)
    try:
        yield
    finally:
        _evaluates.reset(token)


def _value(made: Any) -> Any:
    """The value of an expression of arrays, or of each in a list."""
    if isinstance(made, (list, tuple)):
        return [_value(one) for one in made]
    return made.eval() if is_expression(made) else made


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


def on_placeholders(function: F, name: str) -> F:
    """Let a function of expressions take placeholders, too: then it gives placeholders."""

    @wraps(function)
    def operation(*arguments: Any, **named: Any) -> Any:
        if holds_placeholders([arguments, named]):
            return operate(name, *arguments, **named)
        made = function(*arguments, **named)
        return _value(made) if _evaluates.get() else made

    return operation  # type: ignore[return-value]
