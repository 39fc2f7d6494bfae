"""What can be done with a tensor by operators and methods: each is a function of ``T``, too.

The functions are made of variables, so they come after them; this module puts them on
:class:`~nnkit.symbolic.tensor.variable.TensorVariable`.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

from nnkit.symbolic.function import function
from nnkit.symbolic.tensor import (
    axes,
    extra_ops,
    formulas,
    indexing,
    joining,
    linear,
    making,
    math,
    picking,
    reductions,
    shapes,
)
from nnkit.symbolic.tensor.variable import TensorVariable

__all__ = ["METHODS", "OPERATORS"]

# What T calls otherwise than NumPy.
_UFUNCS: dict[str, Callable[..., Any]] = {
    "absolute": formulas.abs_,
    "divide": math.true_div,
    "floor_divide": formulas.int_div,
    "greater": formulas.gt,
    "greater_equal": formulas.ge,
    "less": formulas.lt,
    "less_equal": formulas.le,
    "matmul": linear.dot,
    "multiply": math.mul,
    "negative": formulas.neg,
    "positive": formulas.identity,
    "remainder": formulas.mod,
    "rint": math.round,
    "subtract": formulas.sub,
}


def array_ufunc(x: Any, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    """NumPy's functions of variables are those of ``T``: ``np.exp(x)``."""
    name = ufunc.__name__
    if name in ("equal", "not_equal"):
        return name == "not_equal"  # As ``==``, which compares variables, not values.
    known = _UFUNCS.get(name, getattr(math, name, None))
    if options.get("out", (None,))[0] is inputs[0]:
        del options["out"]  # ``array += x`` makes it a variable.
    if method != "__call__" or options or known is None:
        raise TypeError(f"np.{name} works on arrays, and {x!r} has no value yet")
    return known(*inputs)


def number(x: Any) -> Any:
    """Refuse to be a number of Python's."""
    raise TypeError(f"{x!r} has no value yet; use eval, or a function")


def truth(x: Any) -> bool:
    """Refuse to be a condition of Python's."""
    raise TypeError(
        f"{x!r} has no value yet, so it is neither true nor false; use switch or ifelse"
    )


def iterator(x: Any) -> Any:
    """Of a vector of known length, as a shape is: ``rows, columns = x.shape``."""
    try:
        length = shapes.get_vector_length(x)
    except ValueError:
        raise TypeError(
            f"{x!r} has no length yet, so it can't be iterated over; use scan, or index it"
        ) from None
    return iter([x[i] for i in range(length)])


def size(x: Any) -> Any:
    """Number of elements."""
    return reductions.prod(shapes.shape(x), dtype="int64")


def dimshuffle(x: Any, *pattern: Any) -> Any:
    """The axes in another order; ``"x"`` is a new one of size 1, one left out must be 1."""
    if len(pattern) == 1 and isinstance(pattern[0], (list, tuple)):
        pattern = tuple(pattern[0])
    return shapes.dimshuffle(x, *pattern)


def reshape(x: Any, shape: Any, ndim: int | None = None) -> Any:
    """The same elements in another shape."""
    return shapes.reshape(x, shape, ndim)


def transpose(x: Any, *order: Any) -> Any:
    """The axes in another order; by default reversed."""
    flat = order[0] if len(order) == 1 and isinstance(order[0], (list, tuple)) else order
    return axes.transpose(x, flat or None)


def norm(x: Any, L: float, axis: Any = None, keepdims: bool = False) -> Any:
    """The L-norm along some axes."""
    return reductions.norm(x, L, axis, keepdims)


def clip(x: Any, a_min: Any, a_max: Any) -> Any:
    """Limited from both sides."""
    return math.clip(x, a_min, a_max)


def compress(x: Any, condition: Any, axis: int | None = None) -> Any:
    """The elements along an axis for which a condition is true."""
    return extra_ops.compress(condition, x, axis)


def fill(x: Any, value: Any) -> Any:
    """One value in its shape."""
    return formulas.second(x, value)


def value(x: Any, inputs_to_values: dict[Any, Any] | None = None) -> Any:
    """The value, given those of its inputs."""
    given = inputs_to_values or {}
    return function(list(given), x)(*given.values())


#: What a tensor has, by its name there; of a function it is the first argument.
METHODS: dict[str, Any] = {
    "T": property(axes.transpose),
    "all": reductions.all,
    "any": reductions.any,
    "argmax": reductions.argmax,
    "argmin": reductions.argmin,
    "argsort": picking.argsort,
    "astype": math.cast,
    "clip": clip,
    "compress": compress,
    "copy": math.tensor_copy,
    "cumprod": reductions.cumprod,
    "cumsum": reductions.cumsum,
    "diagonal": linear.diagonal,
    "dimshuffle": dimshuffle,
    "dot": linear.dot,
    "eval": value,
    "fill": fill,
    "flatten": shapes.flatten,
    "inc": indexing.inc_subtensor,
    "max": reductions.max,
    "mean": reductions.mean,
    "min": reductions.min,
    "nonzero": picking.nonzero,
    "nonzero_values": picking.nonzero_values,
    "norm": norm,
    "ones_like": making.ones_like,
    "prod": reductions.prod,
    "ptp": reductions.ptp,
    "ravel": shapes.ravel,
    "repeat": joining.repeat,
    "reshape": reshape,
    "round": math.round,
    "searchsorted": picking.searchsorted,
    "set": indexing.set_subtensor,
    "shape": property(shapes.shape),
    "size": property(size),
    "sort": picking.sort,
    "squeeze": axes.squeeze,
    "std": reductions.std,
    "sum": reductions.sum,
    "swapaxes": axes.swapaxes,
    "take": picking.take,
    "trace": linear.trace,
    "transpose": transpose,
    "var": reductions.var,
    "zeros_like": making.zeros_like,
    "_stacklists": staticmethod(joining.stacklists),  # For lists of variables.
    "__abs__": formulas.abs_,
    "__array_priority__": 1000,  # NumPy leaves ``array + variable`` to the variable.
    "__array_ufunc__": array_ufunc,
    "__bool__": truth,
    "__float__": number,
    "__ge__": formulas.ge,
    "__getitem__": indexing.subtensor,
    "__gt__": formulas.gt,
    "__int__": number,
    "__invert__": math.invert,
    "__iter__": iterator,
    "__le__": formulas.le,
    "__lt__": formulas.lt,
    "__neg__": formulas.neg,
}

#: Operators, which also work with a number or an array on the left.
OPERATORS: dict[str, Callable[..., Any]] = {
    "add": math.add,
    "and": math.and_,
    "floordiv": formulas.int_div,
    "matmul": linear.dot,
    "mod": formulas.mod,
    "mul": math.mul,
    "or": math.or_,
    "pow": math.pow,
    "sub": formulas.sub,
    "truediv": math.true_div,
    "xor": math.xor,
}


def _reflected(operator: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    return lambda x, other: operator(other, x)


def _called(name: str, method: Any) -> Any:
    """A function under the name of the method that it is, for errors and ``help``."""
    if not isinstance(method, FunctionType):
        return method
    parts = method.__code__, method.__globals__, name, method.__defaults__, method.__closure__
    copy: Any = FunctionType(*parts)
    for attribute in ("__kwdefaults__", "__annotations__", "__doc__", "__module__"):
        setattr(copy, attribute, getattr(method, attribute))
    copy.__qualname__ = f"TensorVariable.{name}"
    return copy


for _name, _method in METHODS.items():
    setattr(TensorVariable, _name, _called(_name, _method))
for _name, _operator in OPERATORS.items():
    setattr(TensorVariable, f"__{_name}__", _operator)
    setattr(TensorVariable, f"__r{_name}__", _reflected(_operator))
