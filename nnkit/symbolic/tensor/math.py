"""Functions of numbers, element by element: ``T.exp(x)``, ``T.switch(c, x, y)`` and their like.

Operands are variables, arrays and numbers; axes of size 1 broadcast as in NumPy, if their variables
are known to have that size.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

from nnkit.symbolic.graph import describe
from nnkit.symbolic.tensor.elementwise import Cast, elementwise
from nnkit.symbolic.tensor.formulas import SCALARS, number
from nnkit.symbolic.tensor.variable import Constant, TensorType, as_tensor, constant

__all__ = [
    "abs",
    "abs_",
    "add",
    "and_",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "bitwise_and",
    "bitwise_not",
    "bitwise_or",
    "bitwise_xor",
    "cast",
    "ceil",
    "clip",
    "cos",
    "cosh",
    "deg2rad",
    "eq",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "fill",
    "floor",
    "floor_div",
    "gamma",
    "gammaln",
    "ge",
    "gt",
    "identity",
    "int_div",
    "inv",
    "invert",
    "isclose",
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
    "mul",
    "neg",
    "neq",
    "or_",
    "pow",
    "power",
    "psi",
    "rad2deg",
    "reciprocal",
    "round",
    "second",
    "sgn",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "softplus",
    "sqr",
    "sqrt",
    "square",
    "sub",
    "switch",
    "tan",
    "tanh",
    "tensor_copy",
    "tri_gamma",
    "true_div",
    "trunc",
    "where",
    "xor",
]


def _unary(name: str, meaning: str) -> Callable[[Any], Any]:
    """A function of one tensor."""

    def apply(x: Any) -> Any:
        return elementwise(name, x)

    apply.__name__ = apply.__qualname__ = name
    apply.__doc__ = meaning
    return apply


def _binary(name: str, meaning: str) -> Callable[[Any, Any], Any]:
    """A function of two tensors."""

    def apply(x: Any, y: Any) -> Any:
        return elementwise(name, x, y)

    apply.__name__ = apply.__qualname__ = name
    apply.__doc__ = meaning
    return apply


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
sub = _binary("sub", "x - y; bools as int8.")
int_div = _binary("int_div", "The largest integer that is not above x / y.")
mod = _binary("mod", "What int_div leaves; it has the sign of y.")
neg = _unary("neg", "-x.")
inv = _unary("inv", "1 / x.")
abs_ = _unary("abs", "The size without the sign.")
sgn = _unary("sgn", "The sign: -1, 0 or 1.")
sqr = _unary("sqr", "x * x.")
maximum = _binary("maximum", "The larger of two, element by element.")
minimum = _binary("minimum", "The smaller of two, element by element.")


def clip(x: Any, min: Any, max: Any) -> Any:
    """Limited from both sides: ``minimum(maximum(x, min), max)``.

    The gradient goes to what is taken: to x within the bounds and on them, else to one of the
    bounds; to the upper one if the lower one is above it, and where x and both bounds are equal.
    """
    return elementwise("clip", x, min, max)


abs, floor_div, reciprocal, sign, square = abs_, int_div, inv, sgn, sqr

# --------------------------------------------------------------------- comparisons and choices

lt = _binary("lt", "x < y, as bool.")
gt = _binary("gt", "x > y, as bool.")
le = _binary("le", "x <= y, as bool.")
ge = _binary("ge", "x >= y, as bool.")
eq = _binary("eq", "Whether x and y are equal (``x == y`` is Python's: the same variable).")
neq = _binary("neq", "Whether x and y differ.")
isnan = _unary("isnan", "Whether x is not a number.")
isinf = _unary("isinf", "Whether x is infinite.")


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


# ----------------------------------------------------------------------------------- functions

exp = _unary("exp", "e to the x.")
exp2 = _unary("exp2", "2 to the x.")
expm1 = _unary("expm1", "e to the x, minus 1, exact near 0.")
log = _unary("log", "The natural logarithm.")
log2 = _unary("log2", "The logarithm to base 2.")
log10 = _unary("log10", "The logarithm to base 10.")
log1p = _unary("log1p", "ln(1 + x), exact near 0.")
logaddexp = _binary("logaddexp", "ln(exp(x) + exp(y)), which never overflows.")
sqrt = _unary("sqrt", "The square root.")
sigmoid = _unary("sigmoid", "1 / (1 + exp(-x)), which never overflows.")
softplus = _unary("softplus", "ln(1 + exp(x)), which never overflows.")
sin = _unary("sin", "The sine of an angle in radians.")
cos = _unary("cos", "The cosine of an angle in radians.")
tan = _unary("tan", "The tangent of an angle in radians.")
arcsin = _unary("arcsin", "The angle of a sine.")
arccos = _unary("arccos", "The angle of a cosine.")
arctan = _unary("arctan", "The angle of a tangent.")
arctan2 = _binary("arctan2", "The angle of the point (y, x): ``arctan2(y, x)``.")
sinh = _unary("sinh", "The hyperbolic sine.")
cosh = _unary("cosh", "The hyperbolic cosine.")
tanh = _unary("tanh", "The hyperbolic tangent.")
arcsinh = _unary("arcsinh", "The inverse of sinh.")
arccosh = _unary("arccosh", "The inverse of cosh.")
arctanh = _unary("arctanh", "The inverse of tanh.")
deg2rad = _unary("deg2rad", "Degrees to radians.")
rad2deg = _unary("rad2deg", "Radians to degrees.")
erf = _unary("erf", "The error function.")
erfc = _unary("erfc", "1 - erf(x), exact far from 0.")
gamma = _unary("gamma", "The gamma function.")
gammaln = _unary("gammaln", "The logarithm of the absolute value of gamma(x).")
psi = _unary("psi", "The derivative of gammaln.")
tri_gamma = _unary("tri_gamma", "The derivative of psi.")


def _rounding(name: str, meaning: str) -> Callable[[Any], Any]:
    """A function that leaves integers as they are."""

    def apply(x: Any) -> Any:
        x = as_tensor(x)
        return elementwise(name if _is_float(x) else "identity", x)

    apply.__name__ = apply.__qualname__ = name
    apply.__doc__ = meaning
    return apply


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


identity = _unary("identity", "The same value as a variable of its own.")
second = _binary("second", "y, broadcast to the shape of x.")
fill = second


def tensor_copy(x: Any, name: str | None = None) -> Any:
    """The same value as a variable of its own."""
    copy = identity(x)
    copy.name = name
    return copy
