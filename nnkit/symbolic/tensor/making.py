"""Creation of tensors: ``T.zeros((2, n))``, ``T.arange(n)``, ``T.eye(n)`` and so on."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnkit.symbolic.config import config
from nnkit.symbolic.graph import Variable, describe
from nnkit.symbolic.op import Gradients, Op, Variables
from nnkit.symbolic.tensor.elementwise import Cast, elementwise, unbroadcast
from nnkit.symbolic.tensor.indexing import set_subtensor
from nnkit.symbolic.tensor.shapes import integer, known_ones, size_of, sizes
from nnkit.symbolic.tensor.variable import TensorType, as_tensor, constant

__all__ = [
    "Alloc",
    "Arange",
    "alloc",
    "arange",
    "broadcast_to",
    "empty",
    "eye",
    "full",
    "full_like",
    "identity_like",
    "linspace",
    "mgrid",
    "ogrid",
    "one_hot",
    "ones",
    "ones_like",
    "to_one_hot",
    "tri",
    "tril",
    "triu",
    "zeros",
    "zeros_like",
]


@dataclass(frozen=True, repr=False)
class Alloc(Op):
    """A value, broadcast to a shape: the inputs are the value and the sizes.

    Parameters
    ----------
    ones : tuple of bool
        For each axis of the result whether it is known to be of size 1.
    """

    ones: tuple[bool, ...]

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """As many axes as sizes."""
        if inputs[0].type.ndim > len(self.ones):
            raise ValueError(
                f"{describe(inputs[0])} has more axes than the {len(self.ones)} it is broadcast to"
            )
        return [TensorType(inputs[0].type.dtype, self.ones)]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """A new array."""
        result = np.empty([int(n) for n in arrays[1:]], arrays[0].dtype)
        result[...] = arrays[0]
        return result

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """The gradient, added up over the axes that were broadcast."""
        x, ndim = inputs[0], len(self.ones)
        rest: list[None] = [None] * (len(inputs) - 1)
        if not x.type.dtype.startswith("float"):
            return [None, *rest]
        g: Any = unbroadcast(cotangents[0], as_tensor(x, ndim=ndim))
        new = [g.type.broadcastable[i] for i in range(ndim - x.type.ndim)]
        if not all(new):  # The result is known to be of size 1 there, so the gradient is.
            g = g.sum(axis=[i for i, one in enumerate(new) if not one], keepdims=True)
        return [g.dimshuffle(*range(ndim - x.type.ndim, ndim)), *rest]


@dataclass(frozen=True, repr=False)
class Arange(Op):
    """Numbers from start to stop by steps.

    Parameters
    ----------
    dtype : str
    """

    dtype: str

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """A vector."""
        for x in inputs:
            if x.type.ndim:
                raise TypeError(f"arange takes numbers, got {describe(x)}")
        return [TensorType(self.dtype, [False])]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """NumPy's arange."""
        return np.arange(*(a.item() for a in arrays), dtype=self.dtype)

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """Each number is ``start + i * step``."""
        start, stop, step = inputs
        g: Any = cotangents[0]
        if not self.dtype.startswith("float"):
            return [None, None, None]
        places = Cast(self.dtype)(arange(size_of(outputs[0], 0)))
        gradients = {0: lambda: g.sum(), 2: lambda: (g * places).sum()}
        return [
            Cast(x.type.dtype)(gradients[i]())
            if i in gradients and x.type.dtype.startswith("float")
            else None
            for i, x in enumerate((start, stop, step))
        ]


def alloc(value: Any, *shape: Any) -> Any:
    """Broadcast a value to a shape.

    Parameters
    ----------
    value : number or tensor
    *shape : int or symbolic integers, or one sequence or vector of them

    Examples
    --------
    >>> import nnkit.symbolic.tensor as T
    >>> T.alloc(1.5, 2, 3).eval()
    array([[1.5, 1.5, 1.5],
           [1.5, 1.5, 1.5]], dtype=float32)
    """
    new = sizes(shape[0] if len(shape) == 1 else shape)
    return Alloc(known_ones(new))(value, *new)


def broadcast_to(x: Any, shape: Any) -> Any:
    """Broadcast a tensor to a shape; expanded axes must be known to be of size 1."""
    return alloc(x, shape)


def full(shape: Any, fill_value: Any, dtype: str | None = None) -> Any:
    """A tensor filled with a value, by default with the value's data type."""
    value = as_tensor(fill_value)
    return alloc(value if dtype is None else Cast(dtype)(value), shape)


def zeros(shape: Any, dtype: str | None = None) -> Any:
    """Zeros, by default of ``config.floatX``."""
    return alloc(constant(0, dtype=dtype or config.floatX), shape)


def ones(shape: Any, dtype: str | None = None) -> Any:
    """Ones, by default of ``config.floatX``."""
    return alloc(constant(1, dtype=dtype or config.floatX), shape)


def empty(shape: Any, dtype: str | None = None) -> Any:
    """A tensor with undefined values; in nnkit they are zeros."""
    return zeros(shape, dtype)


def full_like(model: Any, fill_value: Any, dtype: str | None = None) -> Any:
    """A tensor filled with a value, by default with the shape and the data type of ``model``."""
    model = as_tensor(model)
    dtype = dtype or model.type.dtype
    variable = isinstance(fill_value, Variable)
    value = Cast(dtype)(fill_value) if variable else constant(fill_value, dtype=dtype)
    return elementwise("second", model, value)


def zeros_like(model: Any, dtype: str | None = None, opt: bool = False) -> Any:
    """Zeros in the shape of another tensor."""
    return full_like(model, 0, dtype)


def ones_like(model: Any, dtype: str | None = None, opt: bool = False) -> Any:
    """Ones in the shape of another tensor."""
    return full_like(model, 1, dtype)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: str | None = None) -> Any:
    """Numbers from ``start`` (included) to ``stop`` (not included), as NumPy's.

    Parameters
    ----------
    start : number or scalar
        With ``stop`` left out, this is the stop, and the start is 0.
    stop : number or scalar, optional
    step : number or scalar
    dtype : str, optional
        By default int64 for integers, else the floats' own.

    Examples
    --------
    >>> import nnkit.symbolic.tensor as T
    >>> n = T.lscalar("n")
    >>> T.arange(n).eval({n: 4})
    array([0, 1, 2, 3])
    """
    start, stop = (0, start) if stop is None else (start, stop)
    inputs = [
        constant(x, dtype=config.floatX if isinstance(x, float) else None)
        if not isinstance(x, Variable)
        else x
        for x in (start, stop, step)
    ]
    if dtype is None:
        common = np.result_type(*(x.type.dtype for x in inputs))
        dtype = str(common) if common.kind == "f" else "int64"
    return Arange(str(np.dtype(dtype)))(*inputs)


def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: str | None = None
) -> Any:
    """``num`` equally spaced numbers from ``start`` to ``stop``.

    Parameters
    ----------
    start, stop : number or scalar
        The first, and the last or the one behind it.
    num : int
        How many.
    endpoint : bool
        Whether ``stop`` is the last.
    dtype : str, optional
        By default ``config.floatX``.
    """
    start, dtype = as_tensor(start), dtype or config.floatX
    steps = builtins.max(num - 1 if endpoint else num, 1)
    places = constant(np.arange(num) / steps, dtype="float64")
    return Cast(dtype)(start + (as_tensor(stop) - start) * places)


class _Grid:
    """What NumPy's object of the same name does, with symbolic bounds, too."""

    def __init__(self, sparse: bool) -> None:
        self._sparse = sparse

    def __getitem__(self, ranges: Any) -> Any:
        ranges = ranges if isinstance(ranges, tuple) else (ranges,)
        lines = []
        for axis, r in enumerate(ranges):
            if not isinstance(r, slice) or r.stop is None or isinstance(r.step, complex):
                raise TypeError(f"a grid is of ranges start:stop or start:stop:step, got {r!r}")
            line = arange(
                0 if r.start is None else r.start, r.stop, 1 if r.step is None else r.step
            )
            lines.append(line.dimshuffle(*(0 if i == axis else "x" for i in range(len(ranges)))))
        if self._sparse:
            return lines
        everywhere = sum(lines[1:], lines[0])
        return [elementwise("second", everywhere, line) for line in lines]


mgrid, ogrid = _Grid(sparse=False), _Grid(sparse=True)


def eye(n: Any, m: Any = None, k: Any = 0, dtype: str | None = None) -> Any:
    """A matrix with ones on a diagonal and zeros elsewhere.

    Parameters
    ----------
    n, m : int or scalar
        Rows and columns; by default as many columns as rows.
    k : int or scalar
        0 is the main diagonal, above it the numbers are positive.
    dtype : str, optional
        By default ``config.floatX``.
    """
    rows, columns = _places(n, n if m is None else m)
    return Cast(dtype or config.floatX)(elementwise("eq", columns - rows, integer(k, "k")))


def identity_like(x: Any, dtype: str | None = None) -> Any:
    """A matrix with the shape of x, with ones on the diagonal and zeros elsewhere."""
    x = as_tensor(x)
    return eye(size_of(x, 0), size_of(x, 1), 0, dtype or x.type.dtype)


def tri(N: Any, M: Any = None, k: Any = 0, dtype: str | None = None) -> Any:
    """A matrix with ones on and below a diagonal, and zeros above."""
    rows, columns = _places(N, N if M is None else M)
    return Cast(dtype or config.floatX)(elementwise("le", columns - rows, integer(k, "k")))


def tril(m: Any, k: Any = 0) -> Any:
    """The matrices in the last two axes, with zeros above a diagonal."""
    return _triangle("le", m, k)


def triu(m: Any, k: Any = 0) -> Any:
    """The matrices in the last two axes, with zeros below a diagonal."""
    return _triangle("ge", m, k)


def _places(n: Any, m: Any) -> tuple[Any, Any]:
    """Row numbers as a column, and column numbers as a row."""
    return arange(n).dimshuffle(0, "x"), arange(m).dimshuffle("x", 0)


def _triangle(comparison: str, m: Any, k: Any) -> Any:
    m = as_tensor(m)
    if m.type.ndim < 2:
        raise ValueError(f"a triangle needs two axes, got {describe(m)}")
    rows, columns = _places(size_of(m, m.type.ndim - 2), size_of(m, m.type.ndim - 1))
    kept = elementwise(comparison, columns - rows, integer(k, "k"))
    return elementwise("switch", kept, m, constant(0, dtype=m.type.dtype))


def to_one_hot(y: Any, nb_class: Any, dtype: str | None = None) -> Any:
    """A one-hot row for each label: 1 at the label's index, 0 elsewhere.

    Parameters
    ----------
    y : vector of integers
        From 0 to ``nb_class - 1``.
    nb_class : int or scalar
    dtype : str, optional
        By default ``config.floatX``.

    Returns
    -------
    matrix
    """
    y = as_tensor(y)
    if y.type.ndim != 1 or np.dtype(y.type.dtype).kind not in "iu":
        raise TypeError(f"to_one_hot takes a vector of integers, got {describe(y)}")
    rows = zeros((size_of(y, 0), nb_class), dtype)
    return set_subtensor(rows[arange(size_of(y, 0)), y], 1)


one_hot = to_one_hot
