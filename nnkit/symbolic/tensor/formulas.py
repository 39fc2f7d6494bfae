"""Functions of numbers, element by element: one table for all that is known of each.

What a function is called, what it computes in NumPy, how a compiled loop writes it, which data
type it gives, and its gradient, side by side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nnkit.symbolic.tensor import special
from nnkit.symbolic.tensor.elementwise import elementwise
from nnkit.symbolic.tensor.scalars import (
    SCALARS,
    Pullback,
    Scalar,
    boolean,
    named,
    number,
    real,
    same,
)
from nnkit.symbolic.tensor.variable import Constant, constant

__all__ = [
    "abs_",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "cos",
    "cosh",
    "deg2rad",
    "eq",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "gamma",
    "gammaln",
    "ge",
    "gt",
    "identity",
    "int_div",
    "inv",
    "isinf",
    "isnan",
    "le",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "lt",
    "maximum",
    "minimum",
    "mod",
    "neg",
    "neq",
    "psi",
    "rad2deg",
    "second",
    "sgn",
    "sigmoid",
    "sin",
    "sinh",
    "softplus",
    "sqr",
    "sqrt",
    "sub",
    "tan",
    "tanh",
    "tri_gamma",
]


Unary = Callable[[Any], Any]


def _define(
    name: str, compute: Any, source: str, result: Any, pullback: Pullback | None = None
) -> None:
    """Add a function to the table; ``math.py`` has the one for tensors."""
    SCALARS[name] = Scalar(name, compute, source, result, pullback)


def _unary(
    name: str,
    meaning: str,
    compute: Any,
    pullback: Pullback | None = None,
    source: str | None = None,
    result: Any = real,
) -> Unary:
    """A function of one number, in the table and of tensors."""
    _define(name, compute, f"{name}({{0}})" if source is None else source, result, pullback)
    return named(lambda x: elementwise(name, x), name, meaning)


def _binary(
    name: str,
    meaning: str,
    compute: Any,
    pullback: Pullback | None = None,
    source: str | None = None,
    result: Any = real,
) -> Callable[[Any, Any], Any]:
    """A function of two numbers, in the table and of tensors."""
    _define(name, compute, f"{name}({{0}}, {{1}})" if source is None else source, result, pullback)
    return named(lambda x, y: elementwise(name, x, y), name, meaning)


def _like(value: float, g: Any) -> Any:
    """A number in the data type of a gradient, which must not become wider by it."""
    return constant(value, dtype=g.dtype)


def _where(condition: Any, x: Any, y: Any) -> Any:
    return elementwise("switch", condition, x, y)


# --------------------------------------------------------------------- comparisons and choices

lt = _binary("lt", "x < y, as bool.", np.less, source="({0} < {1})", result=boolean)
gt = _binary("gt", "x > y, as bool.", np.greater, source="({0} > {1})", result=boolean)
le = _binary("le", "x <= y, as bool.", np.less_equal, source="({0} <= {1})", result=boolean)
ge = _binary("ge", "x >= y, as bool.", np.greater_equal, source="({0} >= {1})", result=boolean)
eq = _binary(
    "eq",
    "Whether x and y are equal (``x == y`` is Python's: the same variable).",
    np.equal,
    source="({0} == {1})",
    result=boolean,
)
neq = _binary("neq", "Whether x and y differ.", np.not_equal, source="({0} != {1})", result=boolean)
isnan = _unary("isnan", "Whether x is not a number.", np.isnan, result=boolean)
isinf = _unary("isinf", "Whether x is infinite.", np.isinf, result=boolean)
_define("and_", np.bitwise_and, "({0} & {1})", same)
_define("or_", np.bitwise_or, "({0} | {1})", same)
_define("xor", np.bitwise_xor, "({0} ^ {1})", same)
_define("invert", np.bitwise_not, "(~{0})", same)
_define("not", np.logical_not, "(not {0})", boolean)
# The condition is bool: that of the result would cut off 0.5 to 0.
_define(
    "switch",
    np.where,
    "({1} if {0} else {2})",
    lambda condition, x, y: same(x, y),
    lambda x, y, g: (None, _where(x[0], g, 0), _where(x[0], 0, g)),
)

# ---------------------------------------------------------------------------------- arithmetic


def _pow(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    if np.result_type(x, y).kind == "i" and np.any(y < 0):
        return np.power(x.astype(float), y)  # NumPy refuses; the result is truncated.
    return np.power(x, y)


def _pow_pullback(x: Sequence[Any], y: Any, g: Any) -> Sequence[Any]:
    base, exponent = x
    if isinstance(exponent, Constant):
        less = constant(exponent.data - 1, dtype=exponent.dtype)
        return g * exponent * base**less, None
    return g * exponent * base ** (exponent - 1), g * y * _where(gt(base, 0), log(base), 0)


def _maximum_pullback(x: Sequence[Any], y: Any, g: Any) -> Sequence[Any]:
    first = eq(y, x[0])  # Of two that are equal, the first has the gradient.
    return _where(first, g, 0), _where(first, 0, g)


def _clip_pullback(x: Sequence[Any], y: Any, g: Any) -> Sequence[Any]:
    """To the one that is taken: x within the bounds and on them, the upper one if they cross.

    Between equal bounds nothing depends on x.
    """
    value, low, high = x
    below = lt(value, low) & le(low, high)
    inside = ge(value, low) & le(value, high) & lt(low, high)
    above = gt(value, high) | gt(low, high)
    met = eq(value, low) & eq(low, high)
    return _where(inside, g, 0), _where(below, g, 0), _where(above | met, g, 0)


_define("add", np.add, "({0} + {1})", same, lambda x, y, g: (g, g))
_define("mul", np.multiply, "({0} * {1})", same, lambda x, y, g: (g * x[1], g * x[0]))
_define("true_div", np.true_divide, "({0} / {1})", real, lambda x, y, g: (g / x[1], -g * y / x[1]))
_define("pow", _pow, "({0} ** {1})", number, _pow_pullback)
_define(
    "clip",
    lambda x, low, high: np.minimum(np.maximum(x, low), high),
    "minimum(maximum({0}, {1}), {2})",
    same,
    _clip_pullback,
)
sub = _binary(
    "sub", "x - y; bools as int8.", np.subtract, lambda x, y, g: (g, -g), "({0} - {1})", number
)
int_div = _binary(
    "int_div",
    "The largest integer that is not above x / y.",
    np.floor_divide,
    source="({0} // {1})",
    result=number,
)
mod = _binary(
    "mod",
    "What int_div leaves; it has the sign of y.",
    np.mod,
    lambda x, y, g: (g, -g * (x[0] // x[1])),
    "({0} % {1})",
    number,
)
neg = _unary("neg", "-x.", np.negative, lambda x, y, g: (-g,), "(-{0})", number)
sqr = _unary("sqr", "x * x.", np.square, lambda x, y, g: (g * 2 * x[0],), "({0} * {0})", same)
inv = _unary("inv", "1 / x.", np.reciprocal, lambda x, y, g: (-g * sqr(y),), "(F(1) / {0})")
sgn = _unary("sgn", "The sign: -1, 0 or 1.", np.sign, source="sign({0})", result=number)
abs_ = _unary(
    "abs", "The size without the sign.", np.abs, lambda x, y, g: (g * sgn(x[0]),), result=same
)
maximum = _binary(
    "maximum", "The larger of two, element by element.", np.maximum, _maximum_pullback, result=same
)
minimum = _binary(
    "minimum", "The smaller of two, element by element.", np.minimum, _maximum_pullback, result=same
)

# ------------------------------------------------------------------- exponentials and logarithms


def _sigmoid(x: np.ndarray) -> np.ndarray:
    z = np.exp(-np.abs(x))  # Never overflows.
    return np.where(x >= 0, 1, z) / (1 + z)


exp = _unary("exp", "e to the x.", np.exp, lambda x, y, g: (g * y,))
exp2 = _unary("exp2", "2 to the x.", np.exp2, lambda x, y, g: (g * y * _like(math.log(2), g),))
expm1 = _unary(
    "expm1", "e to the x, minus 1, exact near 0.", np.expm1, lambda x, y, g: (g * exp(x[0]),)
)
log = _unary("log", "The natural logarithm.", np.log, lambda x, y, g: (g / x[0],))
log2 = _unary(
    "log2",
    "The logarithm to base 2.",
    np.log2,
    lambda x, y, g: (g / (x[0] * _like(math.log(2), g)),),
)
log10 = _unary(
    "log10",
    "The logarithm to base 10.",
    np.log10,
    lambda x, y, g: (g / (x[0] * _like(math.log(10), g)),),
)
log1p = _unary("log1p", "ln(1 + x), exact near 0.", np.log1p, lambda x, y, g: (g / (1 + x[0]),))
sqrt = _unary("sqrt", "The square root.", np.sqrt, lambda x, y, g: (g * 0.5 / y,))
sigmoid = _unary(
    "sigmoid",
    "1 / (1 + exp(-x)), which never overflows.",
    _sigmoid,
    lambda x, y, g: (g * y * (1 - y),),
)
softplus = _unary(
    "softplus",
    "ln(1 + exp(x)), which never overflows.",
    lambda x: np.logaddexp(x, x.dtype.type(0)),
    lambda x, y, g: (g * sigmoid(x[0]),),
    "(maximum({0}, F(0)) + log1p(exp(-abs({0}))))",
)
logaddexp = _binary(
    "logaddexp",
    "ln(exp(x) + exp(y)), which never overflows.",
    np.logaddexp,
    lambda x, y, g: (g * exp(x[0] - y), g * exp(x[1] - y)),
    # Infinities that are equal have no difference.
    "({0} + F(0.6931471805599453) if {0} == {1} else "
    "maximum({0}, {1}) + log1p(exp(-abs({0} - {1}))))",
)

# ----------------------------------------------------------------------- circles and hyperbolas


def _arctan2_pullback(x: Sequence[Any], y: Any, g: Any) -> Sequence[Any]:
    square = sqr(x[0]) + sqr(x[1])
    return g * x[1] / square, -g * x[0] / square


sin = _unary("sin", "The sine of an angle in radians.", np.sin, lambda x, y, g: (g * cos(x[0]),))
cos: Unary = _unary(
    "cos", "The cosine of an angle in radians.", np.cos, lambda x, y, g: (-g * sin(x[0]),)
)
tan = _unary(
    "tan", "The tangent of an angle in radians.", np.tan, lambda x, y, g: (g * (1 + sqr(y)),)
)
arcsin = _unary(
    "arcsin", "The angle of a sine.", np.arcsin, lambda x, y, g: (g / sqrt(1 - sqr(x[0])),)
)
arccos = _unary(
    "arccos", "The angle of a cosine.", np.arccos, lambda x, y, g: (-g / sqrt(1 - sqr(x[0])),)
)
arctan = _unary(
    "arctan", "The angle of a tangent.", np.arctan, lambda x, y, g: (g / (1 + sqr(x[0])),)
)
arctan2 = _binary(
    "arctan2", "The angle of the point (y, x): ``arctan2(y, x)``.", np.arctan2, _arctan2_pullback
)
sinh = _unary("sinh", "The hyperbolic sine.", np.sinh, lambda x, y, g: (g * cosh(x[0]),))
cosh: Unary = _unary("cosh", "The hyperbolic cosine.", np.cosh, lambda x, y, g: (g * sinh(x[0]),))
tanh = _unary("tanh", "The hyperbolic tangent.", np.tanh, lambda x, y, g: (g * (1 - sqr(y)),))
arcsinh = _unary(
    "arcsinh", "The inverse of sinh.", np.arcsinh, lambda x, y, g: (g / sqrt(sqr(x[0]) + 1),)
)
arccosh = _unary(
    "arccosh", "The inverse of cosh.", np.arccosh, lambda x, y, g: (g / sqrt(sqr(x[0]) - 1),)
)
arctanh = _unary(
    "arctanh", "The inverse of tanh.", np.arctanh, lambda x, y, g: (g / (1 - sqr(x[0])),)
)
deg2rad = _unary(
    "deg2rad", "Degrees to radians.", np.deg2rad, lambda x, y, g: (g * _like(math.pi / 180, g),)
)
rad2deg = _unary(
    "rad2deg", "Radians to degrees.", np.rad2deg, lambda x, y, g: (g * _like(180 / math.pi, g),)
)

# ----------------------------------------------------------------------------- special functions


def _bell(x: Any, g: Any) -> Any:
    """The derivative of erf, times g."""
    return g * _like(2 / math.sqrt(math.pi), g) * exp(-sqr(x))


erf = _unary("erf", "The error function.", special.erf, lambda x, y, g: (_bell(x[0], g),))
erfc = _unary(
    "erfc", "1 - erf(x), exact far from 0.", special.erfc, lambda x, y, g: (-_bell(x[0], g),)
)
tri_gamma = _unary("tri_gamma", "The derivative of psi.", special.tri_gamma, source="")
psi = _unary(
    "psi", "The derivative of gammaln.", special.psi, lambda x, y, g: (g * tri_gamma(x[0]),), ""
)
gamma = _unary("gamma", "The gamma function.", special.gamma, lambda x, y, g: (g * y * psi(x[0]),))
gammaln = _unary(
    "gammaln",
    "The logarithm of the absolute value of gamma(x).",
    special.gammaln,
    lambda x, y, g: (g * psi(x[0]),),
    "lgamma({0})",
)

# -------------------------------------------------------------------------- rounding and plumbing

_define("ceil", np.ceil, "ceil({0})", same)
_define("floor", np.floor, "floor({0})", same)
_define("trunc", np.trunc, "trunc({0})", same)
_define("round", np.rint, "rint({0})", same)
identity = _unary(
    "identity",
    "The same value as a variable of its own.",
    np.array,
    lambda x, y, g: (g,),
    "{0}",
    same,
)
second = _binary(
    "second",
    "y, broadcast to the shape of x.",
    lambda x, y: np.broadcast_arrays(x, y)[1],
    lambda x, y, g: (None, g),
    "{1}",
    lambda x, y: y,
)
