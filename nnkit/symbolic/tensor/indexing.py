"""Indexing of tensors: ``x[1:3]``, ``x[T.arange(n), y]``, ``T.set_subtensor``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnkit.conversion import to_numpy
from nnkit.symbolic.graph import Variable, describe
from nnkit.symbolic.op import Gradients, Op, Variables
from nnkit.symbolic.tensor.elementwise import elementwise, unbroadcast
from nnkit.symbolic.tensor.shapes import Shape, get_vector_length, normal_axis, size_of
from nnkit.symbolic.tensor.variable import Constant, TensorType, as_tensor, constant

__all__ = [
    "IncSubtensor",
    "Subtensor",
    "inc_subtensor",
    "set_subtensor",
    "subtensor",
]

INPUT = "input"


@dataclass(frozen=True, repr=False)
class _Indexed(Op):
    """An operation on a part of a tensor.

    Parameters
    ----------
    template : tuple
        The index: numbers, None for a new axis, ``("slice", start, stop, step)``. What is known
        only later is :data:`INPUT` and comes as one more input, in this order.
    """

    template: tuple[Any, ...]

    def index(self, values: Sequence[np.ndarray]) -> tuple[Any, ...]:
        """NumPy's index for the values of the inputs that it stands for."""
        rest = iter(values)
        return tuple(
            slice(*(_number(part, rest) for part in entry[1:]))
            if isinstance(entry, tuple)
            else _number(entry, rest)
            for entry in self.template
        )

    def part(self, x: np.ndarray, values: Sequence[np.ndarray]) -> np.ndarray:
        """What is indexed: a view if that is possible."""
        # With the dots a single element is a view, too.
        return np.asarray(x[(*self.index(values), ...)])

    def part_type(self, x: Variable, indices: Sequence[Variable]) -> TensorType:
        """The type of the part of x, found by indexing a small array in the same way."""
        rest = iter(indices)
        sample: list[int] = []  # Its shape.
        index: list[Any] = []
        ones = iter(x.type.broadcastable)
        for entry in self.template:
            if isinstance(entry, tuple):
                one = next(ones, None)
                known = all(part != INPUT for part in entry[1:])
                for part in entry[1:]:
                    if part == INPUT:
                        next(rest)
                kept = known and len(range(1)[slice(*entry[1:])]) == 1
                sample.append(1 if one and kept else 2)
                index.append(slice(None))
            elif entry is None:
                index.append(None)
            elif entry == INPUT:
                array = next(rest).type
                bools = array.ndim if array.dtype == "bool" else 0
                size = (2,) if bools else tuple(1 if one else 2 for one in array.broadcastable)
                for _ in range(bools or 1):
                    sample.append(1 if next(ones, None) else 2)
                    index.append(np.zeros(size, "int64") if size else 0)
            else:
                sample.append(1 if next(ones, None) else 2)
                index.append(0)
        sample += [1 if one else 2 for one in ones]
        if len(sample) > x.type.ndim:
            raise IndexError(f"{describe(x)} has {x.type.ndim} axes, but {len(sample)} are indexed")
        part = np.zeros(sample, "int8")[tuple(index)]
        return TensorType(x.type.dtype, [n == 1 for n in np.shape(part)])


def _number(part: Any, rest: Iterator[np.ndarray]) -> Any:
    if part != INPUT:
        return part
    value = next(rest)
    return int(value) if np.ndim(value) == 0 else value


class Subtensor(_Indexed):
    """A part of a tensor; the index is NumPy's, with arrays of integers or bools, too."""

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """The type of the part."""
        return [self.part_type(inputs[0], inputs[1:])]

    def vector_length(self, *inputs: Any) -> int | None:
        """That of a part of known bounds."""
        if len(inputs) > 1 or inputs[0].type.ndim != 1:
            return None
        return len(self.part(np.zeros(get_vector_length(inputs[0])), ()))

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """NumPy's indexing: a view if that is possible."""
        return self.part(arrays[0], arrays[1:])

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """Zeros but for the part; what was taken twice adds up."""
        if not self.template:
            return [cotangents[0]]
        zeros = elementwise("second", inputs[0], constant(0, dtype=inputs[0].dtype))
        g = IncSubtensor(self.template, False)(zeros, cotangents[0], *inputs[1:])
        return [g, *[None] * (len(inputs) - 1)]


@dataclass(frozen=True, repr=False)
class IncSubtensor(_Indexed):
    """A tensor with a part replaced or increased: its inputs are x, y and those of the index.

    Parameters
    ----------
    template : tuple
        See :class:`Subtensor`.
    replace : bool
        Replace the part by y; otherwise y is added, and to an element that is indexed twice, twice.
    """

    replace: bool

    def types(self, *inputs: Variable) -> Sequence[TensorType]:
        """That of x; y must fit into the part."""
        x, y = inputs[:2]
        part = self.part_type(x, inputs[2:])
        if np.result_type(x.type.dtype, y.type.dtype) != x.type.dtype:
            raise TypeError(
                f"a part of {describe(x)} can't hold {describe(y)} without loss; use T.cast"
            )
        if y.type.ndim > part.ndim:
            raise ValueError(
                f"{describe(y)} has more axes than the part of {describe(x)}, which has {part.ndim}"
            )
        return [x.type]

    def perform(self, *arrays: np.ndarray) -> np.ndarray:
        """On a copy of x."""
        x, y = arrays[0].copy(), arrays[1]
        index = self.index(arrays[2:])
        if self.replace:
            x[index] = y
        elif all(np.ndim(entry) == 0 for entry in index):
            x[index] += y
        else:
            np.add.at(x, index, y)
        return x

    def pullback(self, inputs: Variables, outputs: Variables, cotangents: Variables) -> Gradients:
        """To y that of the part, to x the rest, or all if y was added."""
        (_, y, *indices), g = inputs, cotangents[0]
        part = Subtensor(self.template)(g, *indices)
        to_x: Any = g
        if self.replace:
            zero = constant(0, dtype=g.type.dtype)
            to_x = IncSubtensor(self.template, True)(g, zero, *indices)
        to_y = unbroadcast(part, as_tensor(y, ndim=part.ndim))
        if y.type.ndim < part.ndim:
            to_y = to_y.dimshuffle(*range(part.ndim - y.type.ndim, part.ndim))
        floats = y.type.dtype.startswith("float")
        return [to_x, to_y if floats else None, *[None] * len(indices)]


def subtensor(x: Any, index: Any) -> Any:
    """``x[index]`` with NumPy's rules.

    Parameters
    ----------
    x : tensor
    index : int, slice, None, Ellipsis, array, symbolic integer or tensor of integers or bools
        Or a tuple of these, one for each axis; the others are taken whole.

    Raises
    ------
    IndexError
        More axes than there are, or an index that is none.

    Examples
    --------
    >>> import numpy as np
    >>> import nnkit.symbolic.tensor as T
    >>> x, y = T.dmatrix("x"), T.lvector("y")
    >>> x[T.arange(2), y].eval({x: np.eye(2) * 3, y: np.array([0, 0])})
    array([3., 0.])
    """
    x = as_tensor(x)
    entries = _whole(x, index if isinstance(index, tuple) else (index,))
    owner = x.owner
    number = len(entries) == 1 and isinstance(entries[0], int)
    if number and owner is not None and isinstance(owner.op, Shape):
        shaped = owner.inputs[0]  # ``x.shape[0]`` needs no vector.
        return size_of(shaped, normal_axis(entries[0], shaped.type.ndim))
    template: list[Any] = []
    inputs: list[Any] = []

    def known(part: Any) -> Any:
        if part is None or isinstance(part, int):
            return part
        inputs.append(part)
        return INPUT

    for entry in entries:
        if isinstance(entry, slice):
            bounds = (_integer(part) for part in (entry.start, entry.stop, entry.step))
            template.append(("slice", *(known(part) for part in bounds)))
        else:
            template.append(known(entry))
    while template and template[-1] == ("slice", None, None, None):
        template.pop()
    return Subtensor(tuple(template))(x, *inputs)


def _whole(x: Any, index: tuple[Any, ...]) -> list[Any]:
    """The entries of an index, each of a known kind, with as many slices for an Ellipsis."""
    entries = [
        entry if entry is Ellipsis or isinstance(entry, slice) else _entry(entry) for entry in index
    ]
    dots = [i for i, entry in enumerate(entries) if entry is Ellipsis]
    if len(dots) > 1:
        raise IndexError(f"an index of {describe(x)} has more than one Ellipsis")
    if dots:
        taken = sum(_axes(entry) for entry in entries)
        entries[dots[0] : dots[0] + 1] = [slice(None)] * (x.type.ndim - taken)
    return entries


def _axes(entry: Any) -> int:
    """How many axes an entry of an index is about."""
    if entry is None or entry is Ellipsis:
        return 0
    is_mask = isinstance(entry, Variable) and entry.type.dtype == "bool"
    return int(entry.type.ndim) if is_mask else 1


def _entry(entry: Any) -> Any:
    """None, a number, or a variable of integers or bools."""
    if entry is None or (isinstance(entry, (int, np.integer)) and not isinstance(entry, bool)):
        return None if entry is None else int(entry)
    if isinstance(entry, (list, tuple)) and any(isinstance(part, Variable) for part in entry):
        entry = as_tensor(entry)
    if not isinstance(entry, Variable):
        try:
            array = to_numpy(entry, "an index")
        except TypeError as error:
            raise IndexError(f"an index must be of integers or bools, got {entry!r}") from error
        entry = array.astype("int64") if array.size == 0 and array.dtype.kind == "f" else array
    variable = as_tensor(entry)
    kind = np.dtype(variable.type.dtype).kind
    if kind not in "iub" or (kind == "b" and variable.type.ndim == 0):
        raise IndexError(f"an index must be of integers or bools, got {describe(variable)}")
    if isinstance(variable, Constant) and variable.ndim == 0:
        return int(variable.data)
    return variable


def _integer(part: Any) -> Any:
    """A bound or step of a slice: None, a number, or an integer scalar."""
    entry = _entry(part)
    if isinstance(entry, Variable) and entry.type.ndim:
        raise IndexError(f"bounds of a slice are integers, got {describe(entry)}")
    return entry


def set_subtensor(x: Any, y: Any, inplace: bool = False, **ignored: Any) -> Any:
    """Return a tensor with a part replaced by ``y``.

    Parameters
    ----------
    x : tensor
        The part: ``z[1:3]``; the result is that of ``z``, which stays as it is.
    y : tensor
        What the part becomes.
    inplace
        Accepted for Theano's sake.

    Raises
    ------
    TypeError
        ``x`` is no part of something, or ``y`` of a data type that it can't hold.

    Examples
    --------
    >>> import nnkit.symbolic.tensor as T
    >>> x = T.dvector("x")
    >>> T.set_subtensor(x[1:], 7).eval({x: [1, 2, 3]})
    array([1., 7., 7.])
    """
    return _with_part(x, y, True)


def inc_subtensor(
    x: Any, y: Any, inplace: bool = False, set_instead_of_inc: bool = False, **ignored: Any
) -> Any:
    """Return a tensor with ``y`` added to a part; elements that are indexed twice get it twice.

    Parameters
    ----------
    x, y, inplace
        See :func:`~nnkit.symbolic.tensor.indexing.set_subtensor`.
    set_instead_of_inc : bool
        Replace the part.
    """
    return _with_part(x, y, set_instead_of_inc)


def _with_part(x: Any, y: Any, replace: bool) -> Any:
    owner = x.owner if isinstance(x, Variable) else None
    if owner is None or not isinstance(owner.op, Subtensor):
        what = describe(x) if isinstance(x, Variable) else repr(x)
        raise TypeError(f"a part of a tensor is expected, such as z[1:3], got {what}")
    whole, *indices = owner.inputs
    y = as_tensor(y)
    python = isinstance(y, Constant) and y.ndim == 0 and whole.type.dtype.startswith("float")
    y = constant(y.data, dtype=whole.type.dtype) if python else y
    return IncSubtensor(owner.op.template, replace)(whole, y, *indices)
