"""Tensors: their types, variables of these types, constants, and shared variables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nnkit.conversion import to_numpy
from nnkit.engine.array_reading import ArrayReading
from nnkit.engine.mirrors import reading, writing
from nnkit.engine.variable import FreeVariable
from nnkit.symbolic.config import config
from nnkit.symbolic.graph import Apply, Variable, describe

__all__ = [
    "Constant",
    "SharedVariable",
    "TensorConstant",
    "TensorSharedVariable",
    "TensorType",
    "TensorVariable",
    "as_tensor",
    "constant",
    "shared",
]


class TensorType:
    """A data type, and for each axis whether it is known to be of size 1.

    Parameters
    ----------
    dtype : str
        Of NumPy; ``"floatX"`` is what ``config.floatX`` says now.
    broadcastable : sequence of bool
        An axis that is True broadcasts against any other.
    """

    def __init__(self, dtype: str, broadcastable: Sequence[bool]) -> None:
        try:
            wanted = np.dtype(config.floatX if dtype == "floatX" else dtype)
        except TypeError:
            wanted = np.dtype(object)
        if wanted.kind not in "fiub":
            raise TypeError(f"a tensor is of floats, integers or bools, got {dtype!r}")
        if not isinstance(broadcastable, Iterable):
            raise TypeError(f"broadcastable is a bool for each axis, got {broadcastable!r}")
        self.dtype = str(wanted)
        self.broadcastable = tuple(bool(b) for b in broadcastable)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.broadcastable)

    def __call__(self, name: str | None = None) -> TensorVariable:
        """An input of this type."""
        return TensorVariable(self, name=name)

    def variable(self, owner: Apply, index: int) -> TensorVariable:
        """An output of this type."""
        return TensorVariable(self, owner, index)

    def with_dtype(self, dtype: str) -> TensorType:
        """The same axes of another data type."""
        return TensorType(dtype, self.broadcastable)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, TensorType)
            and self.dtype == other.dtype
            and self.broadcastable == other.broadcastable
        )

    def __hash__(self) -> int:
        return hash((self.dtype, self.broadcastable))

    def __repr__(self) -> str:
        kinds = {
            (): "scalar",
            (False,): "vector",
            (True, False): "row",
            (False, True): "col",
            (False, False): "matrix",
        }
        kind = kinds.get(self.broadcastable, f"tensor{self.ndim}")
        return f"TensorType({self.dtype}, {kind})"


class TensorVariable(Variable):
    """A tensor that will be known later.

    Its operators and methods are functions of ``T``; :mod:`nnkit.symbolic.tensor.methods` puts them
    here when all of them are there.
    """

    type: TensorType

    if TYPE_CHECKING:
        _stacklists: ClassVar[Any]

        def __getattr__(self, name: str) -> Any: ...

    @property
    def dtype(self) -> str:
        """Data type."""
        return self.type.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.type.ndim

    @property
    def broadcastable(self) -> tuple[bool, ...]:
        """For each axis whether it is known to be of size 1."""
        return self.type.broadcastable


class Constant(TensorVariable):
    """A value that is known already.

    Attributes
    ----------
    data : numpy.ndarray
    """

    def __init__(self, data: np.ndarray, name: str | None = None) -> None:
        super().__init__(TensorType(str(data.dtype), [n == 1 for n in data.shape]), name=name)
        self.data = data

    def __repr__(self) -> str:
        if self.name is not None:
            return self.name
        return str(self.data.squeeze()) if self.data.size <= 4 else f"Constant{self.data.shape}"


class SharedVariable(TensorVariable):
    """A value that functions share and update.

    Parameters
    ----------
    value : numpy.ndarray
        Taken as it is, not copied.
    name : str or None
    broadcastable : sequence of bool
        For each axis, whether its size is always 1.

    Attributes
    ----------
    host : numpy.ndarray
        The value, but a GPU may have a newer one; :attr:`storage` never is behind.
    """

    def __init__(self, value: np.ndarray, name: str | None, broadcastable: Sequence[bool]) -> None:
        super().__init__(TensorType(str(value.dtype), broadcastable), name=name)
        if len(self.broadcastable) != value.ndim:
            raise ValueError(
                f"broadcastable is a bool for each axis, got {tuple(broadcastable)} for the shape "
                f"{value.shape}"
            )
        self._check_ones(value)
        self.host = value

    @property
    def storage(self) -> np.ndarray:
        """The value now, in the memory that functions on the CPU work on."""
        return reading(self.host)

    @storage.setter
    def storage(self, value: np.ndarray) -> None:
        self.host = value

    def _check_ones(self, value: np.ndarray) -> None:
        for axis, one in enumerate(self.broadcastable):
            if one and value.shape[axis] != 1:
                raise ValueError(
                    f"axis {axis} of {describe(self)} is of size 1, got the shape {value.shape}"
                )

    def get_value(self, borrow: bool = False, return_internal_type: bool = False) -> np.ndarray:
        """The value now: a copy, unless ``borrow``."""
        return self.storage if borrow else self.storage.copy()

    def set_value(self, value: Any, borrow: bool = False) -> None:
        """Replace the value by one of the same data type and number of axes.

        Raises
        ------
        TypeError, ValueError
            Another number of axes, a data type that would lose something, or an axis that should be
            of size 1 and is not.
        """
        array = to_numpy(value, f"the value of {describe(self)}")
        if array.ndim != self.ndim or not np.can_cast(array.dtype, self.dtype, "same_kind"):
            raise TypeError(
                f"{describe(self)} takes {self.type}, got {array.dtype} with {array.ndim} axes"
            )
        if array.shape == self.host.shape:
            # Compiled functions know the memory by its address.
            writing(self.host)[...] = array
        else:
            self._check_ones(array)
            self.host = np.array(array, self.dtype, order="C")


TensorConstant, TensorSharedVariable = Constant, SharedVariable  # Theano's names.


def shared(
    value: Any,
    name: str | None = None,
    borrow: bool = False,
    strict: bool = False,
    allow_downcast: bool | None = None,
    broadcastable: Sequence[bool] | None = None,
) -> SharedVariable:
    """A variable with a value that functions share, and may change by ``updates``.

    Parameters
    ----------
    value : array
        A Python float is ``config.floatX``, an int is int64.
    name : str, optional
    borrow : bool
        Use the array's own memory if that is possible.
    strict, allow_downcast
        Accepted for Theano's sake.
    broadcastable : sequence of bool, optional
        Axes that stay of size 1; by default none.

    Examples
    --------
    >>> import nnkit.symbolic as theano
    >>> w = theano.shared([1.0, 2.0], "w")
    >>> w.get_value()
    array([1., 2.])
    """
    array = to_numpy(value, "the value of a shared variable")
    if not isinstance(value, (np.ndarray, np.generic)) and array.dtype.kind == "f":
        array = array.astype(config.floatX)
    array = np.array(array, copy=None if borrow else True, order="C")
    return SharedVariable(array, name, broadcastable or [False] * array.ndim)


def constant(value: Any, name: str | None = None, dtype: str | None = None) -> Any:
    """A known value. A Python number takes the smallest data type that holds it, as in Theano."""
    if isinstance(value, FreeVariable):
        kind = TensorType(str(value.dtype), [n == 1 for n in value.shape])
        stand_in: Any = kind(value.name)
        stand_in.reads = value
        return stand_in
    if _holds_weights(value):
        raise TypeError(
            f"{value!r} in an expression would stay as it is now: a layer's call uses weights that "
            "are attributes of the layer (or in its lists and dictionaries); weight.numpy() is a "
            "constant"
        )
    if dtype is not None:
        return Constant(to_numpy(value, "the value", dtype), name)
    if isinstance(value, bool):
        return Constant(np.asarray(value), name)
    if isinstance(value, int):
        kinds = ("int8", "int16", "int32", "int64")
        fits = [k for k in kinds if np.iinfo(k).min <= value <= np.iinfo(k).max]
        return Constant(np.asarray(value, fits[0] if fits else "uint64"), name)
    if isinstance(value, float):
        exact = config.floatX == "float32" or float(np.float32(value)) == value
        return Constant(np.asarray(value, "float32" if exact else "float64"), name)
    array = to_numpy(value, "the value")
    if isinstance(value, (list, tuple)) and array.dtype.kind == "f":
        array = array.astype(config.floatX)
    return Constant(array, name)


def as_tensor(value: Any, name: str | None = None, ndim: int | None = None) -> Any:
    """A symbolic variable from a variable, a number, an array, or a list of these."""
    if _holds_variables(value):
        value = TensorVariable._stacklists(value)
    variable: Any = value if isinstance(value, Variable) else constant(value, name)
    if ndim is not None and variable.type.ndim < ndim:
        pad = ["x"] * (ndim - variable.type.ndim)
        return variable.dimshuffle(*pad, *range(variable.type.ndim))
    return variable


def _holds_weights(value: Any) -> bool:
    """Whether it is a layer's weight, or one is in a list, or in a list in it."""
    if isinstance(value, (list, tuple)):
        return any(_holds_weights(v) for v in value)
    return isinstance(value, ArrayReading)


def _holds_variables(value: Any) -> bool:
    """Whether a variable is in a list, or in a list in it."""
    return isinstance(value, (list, tuple)) and any(
        isinstance(v, Variable) or _holds_variables(v) for v in value
    )
