"""Functions of numbers that tensors apply element by element: one table for all that is known.

What a function computes in NumPy, how a compiled loop writes it, which data type it gives, and its
gradient, side by side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnkit.symbolic.tensor import special

__all__ = ["SCALARS", "Scalar"]

Pullback = Callable[[Sequence[Any], Any, Any], Sequence[Any]]


@dataclass(frozen=True)
class Scalar:
    """A function of one or more numbers.

    Attributes
    ----------
    name : str
    compute : callable
        ``compute(*arrays)`` with NumPy's broadcasting.
    source : str
        An expression of ``{0}``, ``{1}``... for generated loops; there all operands have the data
        type of the result, unless that is bool. ``F(2)`` is a literal in the data type of the
        operands. Functions are those of ``kernels/cpu/_math``, else NumPy's, else those of
        :mod:`math`. Empty if no loop can have it.
    result : callable
        ``result(*dtypes)`` gives the data type.
    pullback : callable or None
        ``pullback(inputs, output, g)`` gives the gradients by the inputs as expressions, None for
        an input that it does not depend on smoothly.
    """

    name: str
    compute: Callable[..., np.ndarray]
    source: str
    result: Callable[..., str]
    pullback: Pullback | None

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> tuple[Any, ...]:
        return _of_name, (self.name,)  # In a file the name is enough; formulas can't be pickled.


def _of_name(name: str) -> Scalar:
    return SCALARS[name]


def same(*dtypes: str) -> str:
    """The common data type of all operands."""
    return str(np.result_type(*dtypes))


def number(*dtypes: str) -> str:
    """The common data type; for bools int8."""
    common = same(*dtypes)
    return "int8" if common == "bool" else common


def real(*dtypes: str) -> str:
    """The common data type; for integers and bools a float that holds them."""
    common = np.result_type(*dtypes)
    if common.kind == "f":
        return str(common)
    return "float32" if common.itemsize <= 2 else "float64"


def boolean(*dtypes: str) -> str:
    """True or false."""
    return "bool"


SCALARS: dict[str, Scalar] = {}


def _define(
    name: str, compute: Any, source: str, result: Any, pullback: Pullback | None = None
) -> None:
    SCALARS[name] = Scalar(name, compute, source, result, pullback)


def _function(
    name: str, compute: Any, pullback: Pullback | None = None, source: str | None = None
) -> None:
    """A function of one number that gives floats."""
    _define(name, compute, f"{name}({{0}})" if source is None else source, real, pullback)


def _t() -> Any:
    from nnkit.symbolic import tensor

    return tensor


def _like(value: float, g: Any) -> Any:
    """A number in the data type of a gradient, which must not become wider by it."""
    return _t().constant(value, dtype=g.dtype)


# ---------------------------------------------------------------------------------- arithmetic


def _pow(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    if np.result_type(x, y).kind == "i" and np.any(y < 0):
        return np.power(x.astype(float), y)  # NumPy refuses; the result is truncated.
    return np.power(x, y)


def _pow_pullback(x: Sequence[Any], y: Any, g: Any) -> Sequence[Any]:
    t, (base, exponent) = _t(), x
    if isinstance(exponent, t.Constant):
        less = t.constant(exponent.data - 1, dtype=exponent.dtype)
        return g * exponent * t.pow(base, less), None
    log = t.switch(t.gt(base, 0), t.log(base), 0)
    return g * exponent * t.pow(base, exponent - 1), g * y * log


def _maximum_pullback(x: Sequence[Any], y: Any, g: Any) -> Sequence[Any]:
    first = _t().eq(y, x[0])  # Of two that are equal, the first has the gradient.
    return _t().switch(first, g, 0), _t().switch(first, 0, g)


def _clip_pullback(x: Sequence[Any], y: Any, g: Any) -> Sequence[Any]:
    """To the one that is taken: x within the bounds and on them, the upper one if they cross.

    Between equal bounds nothing depends on x.
    """
    t, (value, low, high) = _t(), x
    below = t.and_(t.lt(value, low), t.le(low, high))
    inside = t.and_(t.and_(t.ge(value, low), t.le(value, high)), t.lt(low, high))
    above = t.or_(t.gt(value, high), t.gt(low, high))
    met = t.and_(t.eq(value, low), t.eq(low, high))
    return t.switch(inside, g, 0), t.switch(below, g, 0), t.switch(t.or_(above, met), g, 0)


_define("add", np.add, "({0} + {1})", same, lambda x, y, g: (g, g))
_define("sub", np.subtract, "({0} - {1})", number, lambda x, y, g: (g, -g))
_define("mul", np.multiply, "({0} * {1})", same, lambda x, y, g: (g * x[1], g * x[0]))
_define("true_div", np.true_divide, "({0} / {1})", real, lambda x, y, g: (g / x[1], -g * y / x[1]))
_define("int_div", np.floor_divide, "({0} // {1})", number)
_define("mod", np.mod, "({0} % {1})", number, lambda x, y, g: (g, -g * (x[0] // x[1])))
_define("pow", _pow, "({0} ** {1})", number, _pow_pullback)
_define("neg", np.negative, "(-{0})", number, lambda x, y, g: (-g,))
_define("inv", np.reciprocal, "(F(1) / {0})", real, lambda x, y, g: (-g * _t().sqr(y),))
_define("abs", np.abs, "abs({0})", same, lambda x, y, g: (g * _t().sgn(x[0]),))
_define("sgn", np.sign, "sign({0})", number)
_define("sqr", np.square, "({0} * {0})", same, lambda x, y, g: (g * 2 * x[0],))
_define("maximum", np.maximum, "maximum({0}, {1})", same, _maximum_pullback)
_define("minimum", np.minimum, "minimum({0}, {1})", same, _maximum_pullback)
_define(
    "clip",
    lambda x, low, high: np.minimum(np.maximum(x, low), high),
    "minimum(maximum({0}, {1}), {2})",
    same,
    _clip_pullback,
)

# --------------------------------------------------------------------- comparisons and choices

_define("lt", np.less, "({0} < {1})", boolean)
_define("gt", np.greater, "({0} > {1})", boolean)
_define("le", np.less_equal, "({0} <= {1})", boolean)
_define("ge", np.greater_equal, "({0} >= {1})", boolean)
_define("eq", np.equal, "({0} == {1})", boolean)
_define("neq", np.not_equal, "({0} != {1})", boolean)
_define("isnan", np.isnan, "isnan({0})", boolean)
_define("isinf", np.isinf, "isinf({0})", boolean)
_define("and_", np.bitwise_and, "({0} & {1})", same)
_define("or_", np.bitwise_or, "({0} | {1})", same)
_define("xor", np.bitwise_xor, "({0} ^ {1})", same)
_define("invert", np.bitwise_not, "(~{0})", same)
_define("not", np.logical_not, "(not {0})", boolean)


def _choice_type(condition: str, x: str, y: str) -> str:
    return same(x, y)


# The condition is bool: that of the result would cut off 0.5 to 0.
_define(
    "switch",
    np.where,
    "({1} if {0} else {2})",
    _choice_type,
    lambda x, y, g: (None, _t().switch(x[0], g, 0), _t().switch(x[0], 0, g)),
)

# ------------------------------------------------------------------- exponentials and logarithms


def _sigmoid(x: np.ndarray) -> np.ndarray:
    z = np.exp(-np.abs(x))  # Never overflows.
    return np.where(x >= 0, 1, z) / (1 + z)


_function("exp", np.exp, lambda x, y, g: (g * y,))
_function("exp2", np.exp2, lambda x, y, g: (g * y * _like(math.log(2), g),))
_function("expm1", np.expm1, lambda x, y, g: (g * _t().exp(x[0]),))
_function("log", np.log, lambda x, y, g: (g / x[0],))
_function("log2", np.log2, lambda x, y, g: (g / (x[0] * _like(math.log(2), g)),))
_function("log10", np.log10, lambda x, y, g: (g / (x[0] * _like(math.log(10), g)),))
_function("log1p", np.log1p, lambda x, y, g: (g / (1 + x[0]),))
_function("sqrt", np.sqrt, lambda x, y, g: (g * 0.5 / y,))
_function("sigmoid", _sigmoid, lambda x, y, g: (g * y * (1 - y),))
_function(
    "softplus",
    lambda x: np.logaddexp(x, x.dtype.type(0)),
    lambda x, y, g: (g * _t().sigmoid(x[0]),),
    "(maximum({0}, F(0)) + log1p(exp(-abs({0}))))",
)
_define(
    "logaddexp",
    np.logaddexp,
    # Infinities that are equal have no difference.
    "({0} + F(0.6931471805599453) if {0} == {1} else "
    "maximum({0}, {1}) + log1p(exp(-abs({0} - {1}))))",
    real,
    lambda x, y, g: (g * _t().exp(x[0] - y), g * _t().exp(x[1] - y)),
)

# ----------------------------------------------------------------------- circles and hyperbolas


def _arctan2_pullback(x: Sequence[Any], y: Any, g: Any) -> Sequence[Any]:
    square = _t().sqr(x[0]) + _t().sqr(x[1])
    return g * x[1] / square, -g * x[0] / square


_function("sin", np.sin, lambda x, y, g: (g * _t().cos(x[0]),))
_function("cos", np.cos, lambda x, y, g: (-g * _t().sin(x[0]),))
_function("tan", np.tan, lambda x, y, g: (g * (1 + _t().sqr(y)),))
_function("arcsin", np.arcsin, lambda x, y, g: (g / _t().sqrt(1 - _t().sqr(x[0])),))
_function("arccos", np.arccos, lambda x, y, g: (-g / _t().sqrt(1 - _t().sqr(x[0])),))
_function("arctan", np.arctan, lambda x, y, g: (g / (1 + _t().sqr(x[0])),))
_define("arctan2", np.arctan2, "arctan2({0}, {1})", real, _arctan2_pullback)
_function("sinh", np.sinh, lambda x, y, g: (g * _t().cosh(x[0]),))
_function("cosh", np.cosh, lambda x, y, g: (g * _t().sinh(x[0]),))
_function("tanh", np.tanh, lambda x, y, g: (g * (1 - _t().sqr(y)),))
_function("arcsinh", np.arcsinh, lambda x, y, g: (g / _t().sqrt(_t().sqr(x[0]) + 1),))
_function("arccosh", np.arccosh, lambda x, y, g: (g / _t().sqrt(_t().sqr(x[0]) - 1),))
_function("arctanh", np.arctanh, lambda x, y, g: (g / (1 - _t().sqr(x[0])),))
_function("deg2rad", np.deg2rad, lambda x, y, g: (g * _like(math.pi / 180, g),))
_function("rad2deg", np.rad2deg, lambda x, y, g: (g * _like(180 / math.pi, g),))

# ----------------------------------------------------------------------------- special functions


def _bell(x: Any, g: Any) -> Any:
    """The derivative of erf, times g."""
    return g * _like(2 / math.sqrt(math.pi), g) * _t().exp(-_t().sqr(x))


_function("erf", special.erf, lambda x, y, g: (_bell(x[0], g),))
_function("erfc", special.erfc, lambda x, y, g: (-_bell(x[0], g),))
_function("gamma", special.gamma, lambda x, y, g: (g * y * _t().psi(x[0]),))
_function("gammaln", special.gammaln, lambda x, y, g: (g * _t().psi(x[0]),), "lgamma({0})")
_function("psi", special.psi, lambda x, y, g: (g * _t().tri_gamma(x[0]),), "")
_function("tri_gamma", special.tri_gamma, None, "")

# -------------------------------------------------------------------------- rounding and plumbing

_define("ceil", np.ceil, "ceil({0})", same)
_define("floor", np.floor, "floor({0})", same)
_define("trunc", np.trunc, "trunc({0})", same)
_define("round", np.rint, "rint({0})", same)
_define("identity", np.array, "{0}", same, lambda x, y, g: (g,))


def _second(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.broadcast_arrays(x, y)[1]


# y, broadcast to the shape of x.
_define("second", _second, "{1}", lambda x, y: y, lambda x, y, g: (None, g))
