"""Shapes and types (messages of sections IV.A.2.b and IV.A.2.d)."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

import numpy as np

from nnkit.errors import FileFormatError
from nnkit.saving.hdf5.content import Cursor, DamagedError

__all__ = ["Type", "shape_of", "type_of"]

MAX_AXES = 32  # HDF5's limit.
_INTEGER, _FLOAT, _STRING, _VARIABLE = 0, 1, 3, 9
_CLASSES = (
    "integers of a strange kind",
    "floats of a strange kind",
    "times",
    "strings",
    "bit fields",
    "opaque bytes",
    "records",
    "references",
    "enumerations",
    "lists of variable length",
    "arrays",
    "complex numbers",
)
# By size: positions of exponent and mantissa, their numbers of bits, and the exponent's bias.
_IEEE = {
    2: (0, 16, 10, 5, 0, 10, 15),
    4: (0, 32, 23, 8, 0, 23, 127),
    8: (0, 64, 52, 11, 0, 52, 1023),
}


@dataclass(frozen=True)
class Type:
    """The data type of an array or an attribute.

    Attributes
    ----------
    name : str
        The name in errors.
    size : int
        The number of bytes of an element in the file.
    dtype : numpy.dtype or None
        NumPy's data type, for numbers.
    text : str
        ``"fixed"`` or ``"variable"`` for strings, otherwise empty.
    filled_with_spaces : bool
        Whether strings of fixed length are padded with spaces, not with zeros.
    """

    name: str
    size: int
    dtype: np.dtype | None = None
    text: str = ""
    filled_with_spaces: bool = False


def type_of(data: bytes) -> Type:
    """The type in a message; for other types than numbers and strings only a name."""
    fields = Cursor(data)
    kind, bits, size = fields.number(1) & 15, fields.number(3), fields.number(4)
    if size == 0:
        raise DamagedError("a type of 0 bytes")
    order = ">" if bits & 1 else "<"
    if kind == _INTEGER and size in (1, 2, 4, 8):
        if (fields.number(2), fields.number(2)) == (0, 8 * size):
            dtype = np.dtype(f"{order}{'i' if bits & 8 else 'u'}{size}")
            return Type(dtype.name, size, dtype)
    elif kind == _FLOAT and size in _IEEE:
        layout = struct.unpack("<HHBBBBI", fields.take(12))
        # The mantissa has an implicit leading 1; the sign is the last bit.
        if layout == _IEEE[size] and bits & ~1 == 2 << 4 | (8 * size - 1) << 8:
            dtype = np.dtype(f"{order}f{size}")
            return Type(dtype.name, size, dtype)
    elif kind == _STRING:
        return Type("strings", size, None, "fixed", bits & 15 == 2)
    elif kind == _VARIABLE and bits & 15 == 1 and size == 16:
        return Type("strings", size, None, "variable")
    return Type(_CLASSES[kind] if kind < len(_CLASSES) else f"type {kind}", size)


def shape_of(data: bytes) -> tuple[int, ...] | None:
    """The shape in a message; None for an empty data space."""
    fields = Cursor(data)
    version, axes, flags = fields.number(1), fields.number(1), fields.number(1)
    if version not in (1, 2):
        raise DamagedError(f"a shape of version {version}")
    if axes > MAX_AXES:
        raise DamagedError(f"a shape of {axes} axes")
    kind = fields.take(1 if version == 2 else 5)[0]
    if version == 2 and kind == 2:
        return None
    shape = tuple(fields.number(8) for _ in range(axes))
    if math.prod(shape) >= 2**60:
        raise FileFormatError(f"shape {shape}, more than any memory holds")
    if flags & 1:
        fields.take(8 * axes)
    return shape
