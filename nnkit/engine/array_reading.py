"""What lets a weight be read like an array, and be written by ``assign`` alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from nnkit.conversion import to_numpy

__all__ = ["ArrayReading"]

_ASSIGN = (
    "it is written by assign, as a whole: values = weight.numpy(), then change them, then "
    "weight.assign(values)"
)


class _Copied:
    """An attribute of arrays: that of a copy of the values as they are when it is used."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.__doc__ = f"``numpy().{name}``."

    def __get__(self, instance: ArrayReading | None, owner: type) -> Any:
        if instance is None:
            return self
        if not callable(getattr(np.ndarray, self.name)):
            return getattr(instance.numpy(), self.name)

        def method(*arguments: Any, **named: Any) -> Any:
            return getattr(instance.numpy(), self.name)(*arguments, **named)

        method.__name__, method.__doc__ = self.name, getattr(np.ndarray, self.name).__doc__
        return method

    def __set__(self, instance: ArrayReading, value: Any) -> None:
        instance._refuse_writing()


class _Written:
    """A method of arrays that writes into them: there is none."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.__doc__ = "Not there: a weight is written by ``assign``."

    def __get__(self, instance: ArrayReading | None, owner: type) -> Any:
        if instance is None:
            return self
        raise AttributeError(f"a weight has no {self.name!r}: {_ASSIGN}")


class ArrayReading(NDArrayOperatorsMixin):
    """Something that is read like an array.

    NumPy's functions, operators, indices and the methods of arrays work on it, and whatever takes
    an array by ``__array__`` or DLPack. All get the values of this moment; what they return is
    new, and neither follows what is changed later nor changes anything. ``==`` compares values,
    as between arrays; the hash is that of the object.
    """

    # What arrays have, but for what writes into them.
    T = _Copied()
    mT = _Copied()  # noqa: N815
    all = _Copied()
    any = _Copied()
    argmax = _Copied()
    argmin = _Copied()
    argpartition = _Copied()
    argsort = _Copied()
    astype = _Copied()
    clip = _Copied()
    compress = _Copied()
    copy = _Copied()
    cumprod = _Copied()
    cumsum = _Copied()
    diagonal = _Copied()
    dot = _Copied()
    flatten = _Copied()
    item = _Copied()
    itemsize = _Copied()
    max = _Copied()
    mean = _Copied()
    min = _Copied()
    ndim = _Copied()
    nonzero = _Copied()
    prod = _Copied()
    ravel = _Copied()
    repeat = _Copied()
    reshape = _Copied()
    round = _Copied()
    searchsorted = _Copied()
    squeeze = _Copied()
    std = _Copied()
    sum = _Copied()
    swapaxes = _Copied()
    take = _Copied()
    tobytes = _Copied()
    tolist = _Copied()
    trace = _Copied()
    transpose = _Copied()
    var = _Copied()
    view = _Copied()
    # And what writes. (With a __getattr__, each use of any attribute would take longer.)
    fill = _Written()
    flat = _Written()
    partition = _Written()
    put = _Written()
    resize = _Written()
    sort = _Written()

    def numpy(self) -> np.ndarray:
        """A copy of the values."""
        raise NotImplementedError

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError(
                "a weight is read as a copy, which training doesn't change: leave out copy=False"
            )
        values = self.numpy()
        return values if dtype is None else values.astype(dtype, copy=False)

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = (), **named: Any
    ) -> Any:
        if method == "at" or any(isinstance(o, ArrayReading) for o in out):
            self._refuse_writing()
        if any(_has_its_own_way(x) for x in (*inputs, *out)):
            return NotImplemented
        arrays = [_operand(x, ufunc.__name__) for x in inputs]
        if out:
            named["out"] = out
        return getattr(ufunc, method)(*arrays, **named)

    def __dlpack__(self, **named: Any) -> Any:
        return self.numpy().__dlpack__(**named)

    def __dlpack_device__(self) -> tuple[int, int]:
        return np.empty(0).__dlpack_device__()

    def __getitem__(self, index: Any) -> Any:
        return self.numpy()[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        self._refuse_writing()

    def __len__(self) -> int:
        return len(self.numpy())

    def __iter__(self) -> Iterator[Any]:
        return iter(self.numpy())

    def __contains__(self, value: Any) -> bool:
        return value in self.numpy()

    __hash__ = object.__hash__

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "a weight is neither true nor false: ask whether it `is None`, or ask its values: "
            "weight.any(), weight.all()"
        )

    def __int__(self) -> int:
        return int(self.numpy().item())

    def __float__(self) -> float:
        return float(self.numpy().item())

    def __complex__(self) -> complex:
        return complex(self.numpy().item())

    def _refuse_writing(self) -> NoReturn:
        raise TypeError(f"a weight takes no values like this: {_ASSIGN}")


def _operand(value: Any, name: str) -> Any:
    """What a weight meets, as NumPy may take it: nothing that it would iterate over for ever."""
    if isinstance(value, ArrayReading):
        return value.numpy()
    if isinstance(value, (np.ndarray, str, bytes)) or not hasattr(value, "__getitem__"):
        return value
    return to_numpy(value, f"{name}: what a weight meets")


def _has_its_own_way(value: Any) -> bool:
    """Whether it is no array but knows NumPy's functions: an expression, for example."""
    if isinstance(value, (ArrayReading, np.ndarray, np.generic)):
        return False
    return hasattr(type(value), "__array_ufunc__")
