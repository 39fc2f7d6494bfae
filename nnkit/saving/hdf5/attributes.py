"""Attributes (message IV.A.2.m), and the heaps of their strings (section III.E)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nnkit.errors import FileFormatError
from nnkit.saving.hdf5.content import NOWHERE, Content, Cursor, DamagedError
from nnkit.saving.hdf5.types import Type, shape_of, type_of

__all__ = ["Attribute", "Heaps", "attribute_of", "decoded", "name_of"]


@dataclass(frozen=True)
class Attribute:
    """An attribute whose strings have not been read yet; some attributes have no shape."""

    name: str
    type: Type
    shape: tuple[int, ...] | None
    data: bytes

    @property
    def size(self) -> int:
        """The number of elements."""
        return 0 if self.shape is None else math.prod(self.shape)

    def numbers(self) -> np.ndarray:
        """The elements as an array of one axis."""
        if self.type.dtype is None:
            raise FileFormatError(f"attribute {self.name!r} holds {self.type.name}, not numbers")
        return np.frombuffer(self.data, self.type.dtype, self.size)


def name_of(message: bytes) -> str:
    """The name of the attribute in a message."""
    return _begun(message)[0]


def attribute_of(message: bytes) -> Attribute:
    """The attribute in a message."""
    name, fields, sizes, multiple = _begun(message)
    dtype, space = (fields.padded(size, multiple) for size in sizes)
    kind, shape = type_of(dtype), shape_of(space)
    data = fields.take(0 if shape is None else math.prod(shape) * kind.size)
    return Attribute(name, kind, shape, data)


def _begun(message: bytes) -> tuple[str, Cursor, list[int], int]:
    """The name, the cursor after it, the lengths of type and shape, and their padding."""
    fields = Cursor(message)
    version, flags = fields.number(1), fields.number(1)
    if version not in (1, 2, 3):
        raise DamagedError(f"an attribute of version {version}")
    if version > 1 and flags:
        raise FileFormatError("an attribute of a shared type, which is not read")
    length, *sizes = (fields.number(2) for _ in range(3))
    if version == 3:
        fields.take(1)  # The name's encoding is skipped: ASCII is UTF-8, too.
    multiple = 8 if version == 1 else 1
    return decoded(fields.padded(length, multiple).rstrip(b"\0")), fields, sizes, multiple


def decoded(text: bytes) -> str:
    """Decode UTF-8; other bytes are an error."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise FileFormatError(f"{text[:80]!r} is no text in UTF-8") from None


class Heaps:
    """The strings of variable length of a file, with each heap read once."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._heaps: dict[int, dict[int, bytes]] = {}
        self._texts: dict[tuple[int, int, int], str] = {}

    def texts(self, attribute: Attribute, longest: int) -> list[str]:
        """The strings of an attribute, each of at most ``longest`` bytes.

        Raises
        ------
        nnkit.errors.FileFormatError
            The attribute contains no strings, or one is longer.
        """
        self._content.count(attribute.size)
        kind, data = attribute.type, attribute.data
        if kind.text == "variable":
            parts = [Cursor(data[i : i + 16]) for i in range(0, len(data), 16)]
            places = [(p.number(4), p.number(8), p.number(4)) for p in parts]
            lengths = [length for length, _, _ in places]
        elif kind.text == "fixed":
            lengths = [kind.size] if attribute.size else []
        else:
            raise FileFormatError(f"attribute {attribute.name!r} holds {kind.name}, not strings")
        if max(lengths, default=0) > longest:
            raise FileFormatError(
                f"attribute {attribute.name!r} has a string of {max(lengths)} bytes, longer than "
                f"{longest}"
            )
        if kind.text == "variable":
            return [self._text(*place) for place in places]
        filling = b" \0" if kind.filled_with_spaces else b"\0"
        elements = [data[i : i + kind.size] for i in range(0, len(data), kind.size)]
        return [decoded(e.split(b"\0")[0].rstrip(filling)) for e in elements]

    def _text(self, length: int, address: int, index: int) -> str:
        if address in (0, NOWHERE) or length == 0:
            return ""
        place = length, address, index
        if place not in self._texts:
            found = self._heap(address).get(index, b"")
            if length > len(found):
                raise DamagedError(
                    f"a string of {length} bytes is not in the heap at byte {address}"
                )
            self._texts[place] = decoded(found[:length].split(b"\0")[0])
        return self._texts[place]

    def _heap(self, address: int) -> dict[int, bytes]:
        """The objects of a global heap, by their indices."""
        if address in self._heaps:
            return self._heaps[address]
        start = self._content.structure(address, 16)
        size = int.from_bytes(start[8:], "little")
        if start[:5] != b"GCOL\1" or size < 16:
            raise DamagedError(f"there is no heap of strings at byte {address}")
        fields = Cursor(self._content.structure(address + 16, size - 16))
        objects = self._heaps[address] = {}
        while fields.at + 16 <= len(fields.data):
            index, _, length = fields.number(2), fields.take(6), fields.number(8)
            if index == 0:  # The rest is unused space.
                break
            self._content.count(1)
            if index in objects:
                raise DamagedError(
                    f"the heap of strings at byte {address} has two of number {index}"
                )
            objects[index] = fields.padded(length, 8)
        return objects
