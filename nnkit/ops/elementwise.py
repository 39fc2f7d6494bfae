"""Elementwise arithmetic, comparisons and functions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnkit.ops.naming import Expression, one, two, with_number
from nnkit.ops.values import cast
from nnkit.symbolic import tensor as T
from nnkit.symbolic.tensor.math import floats

__all__ = [
    "abs",
    "absolute",
    "add",
    "allclose",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "cbrt",
    "ceil",
    "clip",
    "cos",
    "cosh",
    "deg2rad",
    "divide",
    "divide_no_nan",
    "equal",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "fabs",
    "floor",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "greater",
    "greater_equal",
    "heaviside",
    "hypot",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "ldexp",
    "left_shift",
    "less",
    "less_equal",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logaddexp2",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "mod",
    "multiply",
    "nan_to_num",
    "negative",
    "not_equal",
    "power",
    "rad2deg",
    "reciprocal",
    "right_shift",
    "round",
    "rsqrt",
    "select",
    "sign",
    "signbit",
    "sin",
    "sinc",
    "sinh",
    "sqrt",
    "square",
    "subtract",
    "tan",
    "tanh",
    "true_divide",
    "trunc",
    "where",
]

add = two(T.add, "add", "x1 + x2.")
subtract = two(T.sub, "subtract", "x1 - x2.")
multiply = two(T.mul, "multiply", "x1 * x2.")
divide = two(T.true_div, "divide", "x1 / x2.")
true_divide = divide
floor_divide = two(T.int_div, "floor_divide", "x1 / x2, rounded down.")
mod = two(T.mod, "mod", "The remainder of ``floor_divide``; it has the sign of x2.")
power = two(T.pow, "power", "x1 to the power of x2.")
negative = one(T.neg, "negative", "-x.")
reciprocal = one(T.inv, "reciprocal", "1 / x.")
absolute = one(T.abs_, "absolute", "The absolute value.")
abs = absolute
sign = one(T.sgn, "sign", "-1, 0 or 1.")
square = one(T.sqr, "square", "x * x.")
sqrt = one(T.sqrt, "sqrt", "The square root.")
rsqrt = one(lambda x: T.inv(T.sqrt(x)), "rsqrt", "1 / sqrt(x).")
maximum = two(T.maximum, "maximum", "The larger of x1 and x2.")
minimum = two(T.minimum, "minimum", "The smaller of x1 and x2.")
floor = one(T.floor, "floor", "x rounded down.")
ceil = one(T.ceil, "ceil", "x rounded up.")
round = one(T.round, "round", "The nearest integer.")
exp = one(T.exp, "exp", "e to the power of x.")
expm1 = one(T.expm1, "expm1", "exp(x) - 1; exact near 0.")
log = one(T.log, "log", "The natural logarithm.")
log1p = one(T.log1p, "log1p", "The logarithm of 1 + x; exact near 0.")
log2 = one(T.log2, "log2", "The logarithm to base 2.")
log10 = one(T.log10, "log10", "The logarithm to base 10.")
sin = one(T.sin, "sin", "The sine.")
cos = one(T.cos, "cos", "The cosine.")
tan = one(T.tan, "tan", "The tangent.")
arcsin = one(T.arcsin, "arcsin", "The inverse sine.")
arccos = one(T.arccos, "arccos", "The inverse cosine.")
arctan = one(T.arctan, "arctan", "The inverse tangent.")
arctan2 = two(T.arctan2, "arctan2", "The angle of the point (x2, x1).")
sinh = one(T.sinh, "sinh", "The hyperbolic sine.")
cosh = one(T.cosh, "cosh", "The hyperbolic cosine.")
tanh = one(T.tanh, "tanh", "The hyperbolic tangent.")
arcsinh = one(T.arcsinh, "arcsinh", "The inverse hyperbolic sine.")
arccosh = one(T.arccosh, "arccosh", "The inverse hyperbolic cosine.")
arctanh = one(T.arctanh, "arctanh", "The inverse hyperbolic tangent.")
deg2rad = one(T.deg2rad, "deg2rad", "Degrees as radians.")
rad2deg = one(T.rad2deg, "rad2deg", "Radians as degrees.")
exp2 = one(T.exp2, "exp2", "2 to the power of x.")
erf = one(T.erf, "erf", "The error function.")
erfc = one(T.erfc, "erfc", "1 - erf(x); exact for large x.")
trunc = one(T.trunc, "trunc", "x rounded towards 0.")
fabs = absolute
cbrt = one(
    lambda x: T.sgn(x) * T.abs_(floats(x)) ** with_number(x, 1 / 3)[1], "cbrt", "The cube root."
)
hypot = two(lambda x1, x2: T.sqrt(T.sqr(x1) + T.sqr(x2)), "hypot", "sqrt(x1^2 + x2^2).")
logaddexp = two(T.logaddexp, "logaddexp", "log(exp(x1) + exp(x2)), never infinite.")
divide_no_nan = two(
    lambda x1, x2: T.switch(T.eq(x2, 0), 0, x1 / T.switch(T.eq(x2, 0), 1, x2)),
    "divide_no_nan",
    "x1 / x2, and 0 where x2 is 0.",
)
fmax = two(
    lambda x1, x2: T.switch(T.isnan(x1), x2, T.switch(T.isnan(x2), x1, T.maximum(x1, x2))),
    "fmax",
    "The larger of x1 and x2; where one is NaN, the other.",
)
fmin = two(
    lambda x1, x2: T.switch(T.isnan(x1), x2, T.switch(T.isnan(x2), x1, T.minimum(x1, x2))),
    "fmin",
    "The smaller of x1 and x2; where one is NaN, the other.",
)
fmod = two(
    lambda x1, x2: T.sgn(x1) * T.mod(T.abs_(x1), T.abs_(x2)),
    "fmod",
    "The remainder of a division rounded towards 0; it has the sign of x1.",
)
heaviside = two(
    lambda x1, x2: T.switch(T.eq(x1, 0), x2, T.cast(T.gt(x1, 0), floats(x1).dtype)),
    "heaviside",
    "0 where x1 < 0, x2 where x1 is 0, 1 where x1 > 0.",
)
ldexp = two(lambda x1, x2: x1 * T.exp2(T.cast(x2, floats(x1).dtype)), "ldexp", "x1 times 2^x2.")


def logaddexp2(x1: Expression, x2: Expression) -> Expression:
    """log2(2^x1 + 2^x2), never infinite."""
    x1, two_ = with_number(x1, math.log(2))
    return T.logaddexp(x1 * two_, x2 * two_) / two_


def sinc(x: Expression) -> Expression:
    """sin(pi x) / (pi x), and 1 for x = 0."""
    x, pi = with_number(x, math.pi)
    at = T.switch(T.eq(x, 0), 1, pi * x)
    return T.switch(T.eq(x, 0), 1, T.sin(at) / at)


# --------------------------------------------------------------------- comparisons and choices

equal = two(T.eq, "equal", "Whether x1 and x2 are equal.")
not_equal = two(T.neq, "not_equal", "Whether x1 and x2 differ.")
less = two(T.lt, "less", "x1 < x2.")
less_equal = two(T.le, "less_equal", "x1 <= x2.")
greater = two(T.gt, "greater", "x1 > x2.")
greater_equal = two(T.ge, "greater_equal", "x1 >= x2.")
logical_and = two(
    lambda x1, x2: T.and_(cast(x1, "bool"), cast(x2, "bool")), "logical_and", "x1 and x2."
)
logical_or = two(
    lambda x1, x2: T.or_(cast(x1, "bool"), cast(x2, "bool")), "logical_or", "x1 or x2."
)
logical_not = one(lambda x: T.invert(cast(x, "bool")), "logical_not", "not x.")
isnan = one(T.isnan, "isnan", "Whether x is NaN.")
isinf = one(T.isinf, "isinf", "Whether x is infinite.")
isfinite = one(
    lambda x: T.invert(T.or_(T.isnan(x), T.isinf(x))), "isfinite", "Whether x is a finite number."
)
isposinf = one(lambda x: T.eq(x, math.inf), "isposinf", "Whether x is infinity.")
isneginf = one(lambda x: T.eq(x, -math.inf), "isneginf", "Whether x is -infinity.")
signbit = one(
    lambda x: T.or_(T.lt(x, 0), T.and_(T.eq(x, 0), T.lt(T.inv(floats(x)), 0))),
    "signbit",
    "Whether x is negative, -0 included.",
)
logical_xor = two(
    lambda x1, x2: T.neq(cast(x1, "bool"), cast(x2, "bool")), "logical_xor", "Either x1 or x2."
)


def isclose(
    x1: Expression,
    x2: Expression,
    rtol: float = 1e-5,
    atol: float = 1e-8,
    equal_nan: bool = False,
) -> Expression:
    """Whether x1 and x2 differ by at most ``atol + rtol |x2|``."""
    return T.isclose(x1, x2, rtol, atol, equal_nan)


def allclose(
    x1: Expression,
    x2: Expression,
    rtol: float = 1e-5,
    atol: float = 1e-8,
    equal_nan: bool = False,
) -> Expression:
    """Whether all elements of x1 and x2 are close; see :func:`isclose`."""
    return T.allclose(x1, x2, rtol, atol, equal_nan)


# ------------------------------------------------------------------------------------- integers


def bitwise_and(x: Expression, y: Expression) -> Expression:
    """And, bit by bit."""
    return T.and_(x, y)


def bitwise_or(x: Expression, y: Expression) -> Expression:
    """Or, bit by bit."""
    return T.or_(x, y)


def bitwise_xor(x: Expression, y: Expression) -> Expression:
    """Either, but not both, bit by bit."""
    return T.xor(x, y)


def bitwise_not(x: Expression) -> Expression:
    """Not, bit by bit."""
    return T.invert(x)


def bitwise_left_shift(x: Expression, y: Expression) -> Expression:
    """x with its bits moved y places up: x times 2^y."""
    x = T.as_tensor(x)
    return T.cast(x * T.constant(2, dtype=x.dtype) ** T.cast(y, x.dtype), x.dtype)


def bitwise_right_shift(x: Expression, y: Expression) -> Expression:
    """x with its bits moved y places down: x / 2^y, rounded down."""
    x = T.as_tensor(x)
    return T.cast(T.int_div(x, T.constant(2, dtype=x.dtype) ** T.cast(y, x.dtype)), x.dtype)


bitwise_invert = bitwise_not
left_shift, right_shift = bitwise_left_shift, bitwise_right_shift

# -------------------------------------------------------------------------------------- choices


def where(condition: Expression, x1: Expression, x2: Expression) -> Expression:
    """x1 where the condition is true, x2 elsewhere."""
    return T.switch(condition, x1, x2)


def clip(x: Expression, x_min: Expression, x_max: Expression) -> Expression:
    """x limited to [x_min, x_max]."""
    return T.clip(x, x_min, x_max)


def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Expression:
    """Of several choices the one whose condition is the first that is true; else ``default``."""
    made = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        made = T.switch(condition, choice, made)
    return made


def nan_to_num(
    x: Expression, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Expression:
    """x with numbers in place of NaN and infinity: by default 0 and the largest there are."""
    x = floats(x)
    most = float(np.finfo(x.dtype).max)
    nan, high, low = (
        with_number(x, float(v))[1]
        for v in (nan, most if posinf is None else posinf, -most if neginf is None else neginf)
    )
    x = T.switch(T.isnan(x), nan, x)
    return T.switch(T.eq(x, math.inf), high, T.switch(T.eq(x, -math.inf), low, x))
