"""Functions of numbers that look at their operands first: ``T.switch(c, x, y)`` and its like.

The other ones are handed on from :mod:`~nnkit.symbolic.tensor.formulas`, for programs that import
them from here.

Operands are variables, arrays and numbers; axes of size 1 broadcast as in NumPy, if their variables
are known to have that size.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

from nnkit.symbolic.graph import describe
from nnkit.symbolic.tensor.elementwise import Cast, elementwise
from nnkit.symbolic.tensor.formulas import *  # noqa: F403
from nnkit.symbolic.tensor.formulas import (
    abs_,
    eq,
    identity,
    int_div,
    inv,
    isinf,
    isnan,
    le,
    neq,
    second,
    sgn,
    sqr,
)
from nnkit.symbolic.tensor.scalars import SCALARS, named, number, real
from nnkit.symbolic.tensor.variable import Constant, TensorType, as_tensor, constant

__all__ = [
    "abs",
    "add",
    "and_",
    "bitwise_and",
    "bitwise_not",
    "bitwise_or",
    "bitwise_xor",
    "cast",
    "ceil",
    "clip",
    "fill",
    "floor",
    "floor_div",
    "invert",
    "isclose",
    "mul",
    "or_",
    "pow",
    "power",
    "reciprocal",
    "round",
    "sign",
    "square",
    "switch",
    "tensor_copy",
    "true_div",
    "trunc",
    "where",
    "xor",
]


def _is_float(x: Any) -> bool:
    return bool(x.dtype.startswith("float"))


# ---------------------------------------------------------------------------------- arithmetic


def add(*terms: Any) -> Any:
    """The sum of some tensors."""
    return reduce(lambda x, y: elementwise("add", x, y), terms)


def mul(*factors: Any) -> Any:
    """The product of some tensors, element by element."""
    return reduce(lambda x, y: elementwise("mul", x, y), factors)


def true_div(x: Any, y: Any) -> Any:
    """x / y; of integers in ``config.floatX``."""
    x, y = as_tensor(x), as_tensor(y)
    if not _is_float(x) and not _is_float(y):
        x, y = cast(x, "floatX"), cast(y, "floatX")
    return elementwise("true_div", x, y)


def pow(x: Any, y: Any) -> Any:
    """x to the y. Integers stay integers; a negative power of them is truncated.

    Examples
    --------
    >>> import nnkit.symbolic.tensor as T
    >>> (T.dscalar("x") ** 2).owner.op, (T.dscalar("x") ** 0.5).owner.op
    (sqr, sqrt)
    """
    x, y = as_tensor(x), as_tensor(y)
    if isinstance(y, Constant) and y.data.size == 1 and y.ndim <= x.ndim:
        simpler = {2: "sqr", 0.5: "sqrt", 1: "identity", -1: "inv"}.get(y.data.item())
        dtype = number(x.dtype, y.dtype)
        if simpler is not None and SCALARS[simpler].result(x.dtype) == dtype:
            return elementwise(simpler, x)
        if y.data == 0:
            return second(x, constant(1, dtype=dtype))
    return elementwise("pow", x, y)


power = pow


def clip(x: Any, min: Any, max: Any) -> Any:
    """Limited from both sides: ``minimum(maximum(x, min), max)``.

    The gradient goes to what is taken: to x within the bounds and on them, else to one of the
    bounds; to the upper one if the lower one is above it, and where x and both bounds are equal.
    """
    return elementwise("clip", x, min, max)


abs, floor_div, reciprocal, sign, square = abs_, int_div, inv, sgn, sqr

# --------------------------------------------------------------------- comparisons and choices


def _bits(name: str, *operands: Any) -> Any:
    """Bit by bit, which floats don't have."""
    variables = [as_tensor(x) for x in operands]
    for x in variables:
        if _is_float(x):
            raise TypeError(f"{name} takes bools and integers, got {describe(x)}; compare it first")
    return elementwise(name, *variables)


def and_(x: Any, y: Any) -> Any:
    """And: of bools, and of the bits of integers."""
    return _bits("and_", x, y)


def or_(x: Any, y: Any) -> Any:
    """Or: of bools, and of the bits of integers."""
    return _bits("or_", x, y)


def xor(x: Any, y: Any) -> Any:
    """Either, but not both: of bools, and of the bits of integers."""
    return _bits("xor", x, y)


def invert(x: Any) -> Any:
    """Not: of bools, and of the bits of integers."""
    x = as_tensor(x)
    return elementwise("not", x) if x.dtype == "bool" else _bits("invert", x)


bitwise_and, bitwise_or, bitwise_xor, bitwise_not = and_, or_, xor, invert


def switch(condition: Any, x: Any, y: Any) -> Any:
    """x where the condition is true, y elsewhere. Both are computed everywhere.

    Examples
    --------
    >>> import nnkit.symbolic.tensor as T
    >>> x = T.dvector("x")
    >>> T.switch(x > 0, x, 0).eval({x: [-1.0, 2.0]})
    array([0., 2.])
    """
    condition = as_tensor(condition)
    condition = condition if condition.dtype == "bool" else neq(condition, 0)
    return elementwise("switch", condition, x, y)


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """The same as :func:`switch`; with a condition alone the same as ``nonzero``."""
    return as_tensor(condition).nonzero() if x is None else switch(condition, x, y)


def isclose(x: Any, y: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether x and y differ by at most ``atol + rtol |y|``."""
    x, y = as_tensor(x), as_tensor(y)
    close = or_(eq(x, y), and_(le(abs_(x - y), atol + rtol * abs_(y)), invert(isinf(y))))
    return or_(close, and_(isnan(x), isnan(y))) if equal_nan else close


# ------------------------------------------------------------------------------------- rounding


def _rounding(name: str, meaning: str) -> Callable[[Any], Any]:
    """A function that leaves integers as they are."""

    def apply(x: Any) -> Any:
        x = as_tensor(x)
        return elementwise(name if _is_float(x) else "identity", x)

    return named(apply, name, meaning)


ceil = _rounding("ceil", "The nearest integer above, in x's data type.")
floor = _rounding("floor", "The nearest integer below, in x's data type.")
trunc = _rounding("trunc", "The nearest integer towards 0, in x's data type.")
_to_even = _rounding("round", "The nearest integer; of two the even one.")


def round(x: Any, mode: str = "half_to_even") -> Any:
    """The nearest integer, in x's data type.

    Parameters
    ----------
    x : Variable
    mode : {"half_to_even", "half_away_from_zero"}
        Where 0.5 goes.
    """
    if mode == "half_to_even":
        return _to_even(x)
    if mode == "half_away_from_zero":
        x = as_tensor(x)
        return elementwise("mul", sgn(x), floor(abs_(x) + 0.5)) if _is_float(x) else identity(x)
    raise ValueError(f"mode is 'half_to_even' or 'half_away_from_zero', not {mode!r}")


# ------------------------------------------------------------------------------------ plumbing


def cast(x: Any, dtype: str) -> Any:
    """The same numbers in another data type; ``"floatX"`` is that of ``config.floatX``.

    There is no gradient through integers.
    """
    x, wanted = as_tensor(x), TensorType(dtype, ()).dtype
    if x.dtype == wanted:
        return x
    return constant(x.data, x.name, wanted) if isinstance(x, Constant) else Cast(wanted)(x)


def floats(x: Any) -> Any:
    """The tensor; of integers and bools as floats that hold them."""
    x = as_tensor(x)
    return cast(x, real(x.dtype))


fill = second


def tensor_copy(x: Any, name: str | None = None) -> Any:
    """The same value as a variable of its own."""
    copy = identity(x)
    copy.name = name
    return copy
