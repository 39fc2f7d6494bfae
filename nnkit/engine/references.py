"""How a record names memory: by a place and a form, never by an address."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from nnkit.kernels._jit import address

__all__ = ["Place", "Reference", "root"]


def root(array: np.ndarray) -> np.ndarray:
    """The array that owns the memory of a view."""
    base: Any = array.base
    while base is not None:
        if not isinstance(base, np.ndarray):  # NumPy's as_strided puts an object in between.
            base = getattr(base, "base", None)
            if not isinstance(base, np.ndarray):
                break
        array, base = base, base.base
    return array


@dataclass(slots=True)
class Place:
    """A piece of memory that a recorded step works on.

    Attributes
    ----------
    kind : {"step", "bound", "lasting"}
        Memory of the step, which a replay has in its arena; data that a replay may replace by
        other data of the same name; or an array that outlives the step.
    array : numpy.ndarray
        What lay there when the step was recorded.
    name : str or None
        Of bound data.
    maker : object
        The part of the model that asked for memory of the step.
    """

    kind: Literal["step", "bound", "lasting"]
    array: np.ndarray
    name: str | None = None
    maker: Any = None


@dataclass(slots=True, unsafe_hash=True)  # To make frozen ones takes four times as long.
class Reference:
    """An array of a recorded step: where it lies, and its form. Nobody changes one.

    Attributes
    ----------
    place : int
        Which of the tape's places.
    offset : int
        Bytes from the beginning of the place to the first element.
    shape, strides : tuple of int
        Strides are in bytes.
    dtype : numpy.dtype
    """

    place: int
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self.size * self.dtype.itemsize

    @property
    def contiguous(self) -> bool:
        """Whether the elements lie one after the other, the last axis fastest."""
        wanted = zip(self.shape, self.strides, self._steps(self.shape), strict=True)
        return not self.size or all(n == 1 or step == want for n, step, want in wanted)

    def is_whole(self, shape: tuple[int, ...]) -> bool:
        """Whether it is all of a contiguous array of that shape, and no view turned around."""
        return self.offset == 0 and self.shape == shape and self.contiguous

    @property
    def T(self) -> Reference:
        """The transposed array."""
        turned = self.shape[::-1], self.strides[::-1]
        return Reference(self.place, self.offset, *turned, self.dtype)

    def __len__(self) -> int:
        return self.shape[0]

    def reshaped(self, *shape: int) -> Reference:
        """The elements of a contiguous array in another shape."""
        return Reference(self.place, self.offset, shape, self._steps(shape), self.dtype)

    def rows(self, begin: int, end: int) -> Reference:
        """The part from one index of the first axis up to another."""
        offset = self.offset + begin * self.strides[0]
        shape = (end - begin, *self.shape[1:])
        return Reference(self.place, offset, shape, self.strides, self.dtype)

    def extent(self) -> tuple[int, int]:
        """The first byte that it touches in its place, and the one behind the last."""
        begin = last = self.offset
        for n, step in zip(self.shape, self.strides, strict=True):
            if not n:
                return self.offset, self.offset
            if step < 0:
                begin += (n - 1) * step
            else:
                last += (n - 1) * step
        return begin, last + self.dtype.itemsize

    def at(self, memory: np.ndarray) -> np.ndarray:
        """The array, if its place begins where another array does."""
        return np.asarray(_Form(self, memory))

    def _steps(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The strides of a contiguous array."""
        steps = [self.dtype.itemsize]
        for n in shape[:0:-1]:
            steps.append(steps[-1] * n)
        return tuple(steps[: len(shape)][::-1])


class _Form:
    """Lets NumPy see memory in a form that may reach beyond the array that it begins with."""

    def __init__(self, reference: Reference, memory: np.ndarray) -> None:
        self.base = memory  # Here root looks for the owner; and it keeps it alive.
        self.__array_interface__ = {
            "data": (address(memory) + reference.offset, not memory.flags.writeable),
            "shape": reference.shape,
            "strides": reference.strides,
            "typestr": reference.dtype.str,
            "version": 3,
        }
