"""Groups and arrays, starting from the superblock (section II.A)."""

from __future__ import annotations

import math
import zlib
from typing import Any

import numpy as np

from nnkit.errors import FileFormatError
from nnkit.saving.hdf5 import messages
from nnkit.saving.hdf5.arrays import (
    MAX_RATIO,
    filters_of,
    find_chunks,
    layout_of,
    read_numbers,
)
from nnkit.saving.hdf5.attributes import Attribute, Heaps, attribute_of, name_of
from nnkit.saving.hdf5.content import NOWHERE, Content, Cursor, DamagedError
from nnkit.saving.hdf5.trees import ELSEWHERE, linked, members_of
from nnkit.saving.hdf5.types import shape_of, type_of

__all__ = ["Dataset", "Group", "open_root"]

SIGNATURE = b"\x89HDF\r\n\x1a\n"
MOST_AXES = 8
_WRITTEN = ("<f4", "<f8", "<i8")  # Types that nnkit writes, and whose checksum can be compared.
_NEWEST = (
    "in a form that is not read; write the file without track_order and libver, as h5py does "
    "by default"
)


def open_root(content: Content) -> Group:
    """The root group."""
    start = content.structure(0, 9)
    version = start[8]
    if start[:8] != SIGNATURE or version > 3:
        raise DamagedError(f"a superblock of version {version}")
    if version < 2:
        more = 4 * version
        fields = Cursor(content.structure(9, 63 + more))
        fields.take(4)
        sizes = fields.number(1), fields.number(1)
        fields.take(9 + more)
        base, _, end, _, _, root = (fields.number(8) for _ in range(6))
    else:
        fields = Cursor(content.structure(9, 35))
        sizes = fields.number(1), fields.number(1)
        fields.take(1)
        base, _, end, root = (fields.number(8) for _ in range(4))
    if sizes != (8, 8):  # The sizes of an address and of a length; no library writes others.
        raise FileFormatError(f"addresses and lengths of {sizes} bytes, expected (8, 8)")
    if base != 0 or end > content.size:
        raise DamagedError(f"its {content.size} bytes should be {end}, from byte {base} on")
    found = _Objects(content).at(root, "/")
    if not isinstance(found, Group):
        raise DamagedError("its root is no group")
    return found


class _Objects:
    """The objects of a file by address, each made once."""

    def __init__(self, content: Content) -> None:
        self.content, self.heaps = content, Heaps(content)
        self._found: dict[int, Group | Dataset] = {}

    def at(self, address: int, name: str) -> Group | Dataset:
        """The object at an address, with the name under which it was found first."""
        if address not in self._found:
            self.content.count(1)
            self._found[address] = self._read(address, name)
        return self._found[address]

    def _read(self, address: int, name: str) -> Group | Dataset:
        header = messages.messages_at(self.content, address)
        if messages.LAYOUT in header:
            return Dataset(self, name, header)
        if header.keys() & {messages.SYMBOL_TABLE, messages.LINK, messages.LINK_INFO}:
            return Group(self, name, header)
        raise FileFormatError(f"{name} is neither a group nor a data set")


class _Object:
    """The base of groups and arrays: a name and attributes.

    Attributes
    ----------
    name : str
        The path from the root.
    """

    def __init__(self, objects: _Objects, name: str, header: dict[int, list[bytes]]) -> None:
        self.name = name
        self._objects, self._header = objects, header
        self._messages: dict[str, bytes] | None = None  # Messages with attributes, by name.
        self._texts: dict[str, list[str]] = {}

    def attribute(self, name: str) -> Attribute | None:
        """An attribute, or None."""
        if self._messages is None:
            found = self._header.get(messages.ATTRIBUTE, [])
            self._messages = {name_of(message): message for message in found}
        if name in self._messages:
            return attribute_of(self._messages[name])
        if _elsewhere(self._header.get(messages.ATTRIBUTE_INFO), 2):
            raise FileFormatError(f"{self.name} has attributes {_NEWEST}")
        return None

    def texts(self, attribute: Attribute, longest: int) -> list[str]:
        """The strings of an attribute, each of at most ``longest`` bytes."""
        name = attribute.name
        if name not in self._texts:
            self._texts[name] = self._objects.heaps.texts(attribute, longest)
        return self._texts[name]

    def count(self, parts: int) -> None:
        """Charge the budget for parts of the file that are about to be read."""
        self._objects.content.count(parts)


class Group(_Object):
    """A group: members by name.

    Raises
    ------
    nnkit.errors.FileFormatError
        Raised when members are read that are stored in a form of the newest HDF5.
    """

    def __init__(self, objects: _Objects, name: str, header: dict[int, list[bytes]]) -> None:
        super().__init__(objects, name, header)
        self._found: dict[str, int] | None = None

    @property
    def members(self) -> dict[str, int]:
        """Addresses of the members by name, -1 for links to elsewhere."""
        if self._found is None:
            self._found = self._members()
        return self._found

    def _members(self) -> dict[str, int]:
        tables = self._header.get(messages.SYMBOL_TABLE)
        if tables:
            return members_of(self._objects.content, tables[0])
        if _elsewhere(self._header.get(messages.LINK_INFO), 8):
            raise FileFormatError(f"{self.name} has its members {_NEWEST}")
        return dict(map(linked, self._header.get(messages.LINK, [])))

    def member(self, name: str) -> Group | Dataset | None:
        """The member of that name, or None.

        Raises
        ------
        nnkit.errors.FileFormatError
            The member is a link to elsewhere.
        """
        address = self.members.get(name)
        if address is None:
            return None
        path = f"{self.name.rstrip('/')}/{name}"
        if address == ELSEWHERE:
            raise FileFormatError(f"{path} is a link to elsewhere, never followed")
        return self._objects.at(address, path)


class Dataset(_Object):
    """An array of numbers; its values are read by :meth:`read`.

    Attributes
    ----------
    shape : tuple of int
    dtype : numpy.dtype
        The data type in the file.
    nbytes : int

    Raises
    ------
    nnkit.errors.FileFormatError
        The object is not an array of numbers, or is larger than its stored bytes can be.
    """

    def __init__(self, objects: _Objects, name: str, header: dict[int, list[bytes]]) -> None:
        super().__init__(objects, name, header)
        try:
            self._look()
        except FileFormatError as error:
            raise type(error)(f"{name} {error}") from None

    def _look(self) -> None:
        header, content = self._header, self._objects.content
        if not {messages.DATATYPE, messages.DATASPACE} <= header.keys():
            raise DamagedError("has no type or no shape")
        kind = type_of(header[messages.DATATYPE][0])
        if kind.dtype is None:
            raise FileFormatError(f"holds {kind.name}, not plain numbers")
        shape = shape_of(header[messages.DATASPACE][0])
        if shape is None:
            raise FileFormatError("is empty and has no shape")
        self.dtype, self.shape = kind.dtype, shape
        if len(self.shape) > MOST_AXES:
            raise FileFormatError(f"has {len(self.shape)} axes; at most {MOST_AXES} are read")
        if messages.EXTERNAL in header:
            raise FileFormatError("keeps its numbers in another file, never opened")
        self.size = math.prod(self.shape)
        self.nbytes = self.size * self.dtype.itemsize
        self._layout = layout_of(header[messages.LAYOUT][0])
        self._filters = filters_of(header.get(messages.FILTERS, [b"\2\0"])[0])
        self._chunks = []
        stored = self._layout.nbytes
        if self._layout.chunk:
            self._chunks = find_chunks(
                content, self._layout, self.shape, self.nbytes, self.dtype.itemsize
            )
            stored = sum({c.address: c.nbytes for c in self._chunks}.values())
        elif self._layout.data is None and self._layout.address != NOWHERE:
            content.check(self._layout.address, self.nbytes)
        if self.nbytes > (MAX_RATIO if self._layout.chunk else 1) * stored:
            raise FileFormatError(f"claims {self.nbytes} bytes, but {stored} are stored")
        content.declare(self.nbytes)

    def read(self, dtype: str | np.dtype) -> np.ndarray:
        """Read the values, converted to a data type.

        Raises
        ------
        nnkit.errors.FileFormatError
            The values are damaged: their CRC-32 differs from the attribute ``crc32``.
        """
        content = self._objects.content
        try:
            content.spend(self.size * max(self.dtype.itemsize, np.dtype(dtype).itemsize))
            result = np.empty(self.shape, self.dtype)
            read_numbers(content, self._layout, self._chunks, self._filters, result)
        except FileFormatError as error:
            raise type(error)(f"{self.name} {error}") from None
        self._check_sum(result)
        with np.errstate(over="ignore", invalid="ignore"):
            return result.astype(dtype, copy=False)

    def _check_sum(self, values: np.ndarray) -> None:
        written: Any = self.attribute("crc32")
        if written is None:
            return
        numbers = written.numbers()
        damaged = numbers.shape != (1,) or int(numbers[0]) != zlib.crc32(values.data)
        if damaged or self.dtype.str not in _WRITTEN:
            raise FileFormatError(
                f"{self.name} is damaged: its numbers are not those that were written (their "
                "CRC-32 differs). Whoever changed them on purpose deletes its attribute 'crc32'"
            )


def _elsewhere(found: list[bytes] | None, skipped: int) -> bool:
    """Whether a message says that links or attributes are stored in a separate heap."""
    if not found:
        return False
    fields = Cursor(found[0])
    _, flags = fields.number(1), fields.number(1)
    fields.take(skipped * (flags & 1))
    return fields.number(8) != NOWHERE
