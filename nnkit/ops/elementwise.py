"""Elementwise arithmetic, comparisons and functions."""

from __future__ import annotations

from nnkit.ops.naming import Expression, one, two
from nnkit.ops.values import cast
from nnkit.symbolic import tensor as T

__all__ = [
    "abs",
    "absolute",
    "add",
    "arccos",
    "arcsin",
    "arctan",
    "arctan2",
    "ceil",
    "clip",
    "cos",
    "cosh",
    "divide",
    "equal",
    "erf",
    "exp",
    "expm1",
    "floor",
    "floor_divide",
    "greater",
    "greater_equal",
    "isinf",
    "isnan",
    "less",
    "less_equal",
    "log",
    "log1p",
    "log2",
    "log10",
    "logical_and",
    "logical_not",
    "logical_or",
    "maximum",
    "minimum",
    "mod",
    "multiply",
    "negative",
    "not_equal",
    "power",
    "reciprocal",
    "round",
    "rsqrt",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "subtract",
    "tan",
    "tanh",
    "true_divide",
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
erf = one(T.erf, "erf", "The error function.")

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


def where(condition: Expression, x1: Expression, x2: Expression) -> Expression:
    """x1 where the condition is true, x2 elsewhere."""
    return T.switch(condition, x1, x2)


def clip(x: Expression, x_min: Expression, x_max: Expression) -> Expression:
    """x limited to [x_min, x_max]."""
    return T.clip(x, x_min, x_max)
