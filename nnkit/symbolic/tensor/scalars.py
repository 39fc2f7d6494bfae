"""Functions of numbers: what tensors apply element by element, and the types that they give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

__all__ = ["SCALARS", "Pullback", "Scalar", "boolean", "named", "number", "real", "same"]

F = TypeVar("F", bound=Callable[..., Any])
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


#: By their names; :mod:`nnkit.symbolic.tensor.formulas` has them all.
SCALARS: dict[str, Scalar] = {}


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


def named(function: F, name: str, meaning: str) -> F:
    """A function that was made by another one, under its own name."""
    function.__name__ = function.__qualname__ = name
    function.__doc__ = meaning
    return function
