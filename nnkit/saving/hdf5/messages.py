"""Object headers (sections IV.A.1 and IV.A.2): the messages of a group or an array."""

from __future__ import annotations

import struct

from nnkit.errors import FileFormatError
from nnkit.saving.hdf5.content import Content, Cursor, DamagedError

__all__ = [
    "ATTRIBUTE",
    "ATTRIBUTE_INFO",
    "DATASPACE",
    "DATATYPE",
    "EXTERNAL",
    "FILTERS",
    "LAYOUT",
    "LINK",
    "LINK_INFO",
    "SYMBOL_TABLE",
    "messages_at",
]

DATASPACE = 0x01
LINK_INFO = 0x02
DATATYPE = 0x03
LINK = 0x06
EXTERNAL = 0x07
LAYOUT = 0x08
FILTERS = 0x0B
ATTRIBUTE = 0x0C
CONTINUATION = 0x10
SYMBOL_TABLE = 0x11
ATTRIBUTE_INFO = 0x15

_ONCE = {DATASPACE, LINK_INFO, DATATYPE, EXTERNAL, LAYOUT, FILTERS, SYMBOL_TABLE, ATTRIBUTE_INFO}
_READ = _ONCE | {LINK, ATTRIBUTE, CONTINUATION}


def messages_at(content: Content, address: int) -> dict[int, list[bytes]]:
    """The messages of the header at an address by their types, without irrelevant ones."""
    start = content.raw(address, 1)
    if start == b"\x01":
        blocks = [_first_version(content, address)]
    elif start == b"O":
        blocks = [_second_version(content, address)]
    else:
        raise DamagedError(f"there is no object at byte {address}")
    found: dict[int, list[bytes]] = {}
    while blocks:
        block, tracked = blocks.pop()
        for kind, data in _messages(content, block, tracked):
            if kind == CONTINUATION:
                fields = Cursor(data)
                blocks.append(_continued(content, fields.number(8), fields.number(8), tracked))
            elif kind in found and kind in _ONCE:
                raise DamagedError(f"the object at byte {address} has two messages of type {kind}")
            else:
                found.setdefault(kind, []).append(data)
    return found


# A block of messages, and in version 2 the number of bytes of each one's creation order.
_Block = tuple[bytes, int | None]


def _first_version(content: Content, address: int) -> _Block:
    size = int.from_bytes(content.structure(address, 16)[8:12], "little")
    return content.structure(address + 16, size), None


def _second_version(content: Content, address: int) -> _Block:
    start = content.structure(address, 6)
    if start[:5] != b"OHDR\x02":
        raise DamagedError(f"there is no object at byte {address}")
    flags = start[5]
    times, limits = 16 * bool(flags & 0x20), 4 * bool(flags & 0x10)
    at, width = address + 6 + times + limits, 1 << (flags & 3)
    size = int.from_bytes(content.structure(at, width), "little")
    return content.structure(at + width, size), 2 if flags & 4 else 0


def _continued(content: Content, address: int, size: int, tracked: int | None) -> _Block:
    block = content.structure(address, size)
    if tracked is None:
        return block, None
    if block[:4] != b"OCHK":
        raise DamagedError(f"a header goes on at byte {address}, but not there")
    return block[4:-4], tracked  # The block without signature and checksum.


def _messages(content: Content, block: bytes, tracked: int | None) -> list[tuple[int, bytes]]:
    """Type and data of each message, without irrelevant ones."""
    head = struct.Struct("<HHB3x" if tracked is None else f"<BHB{tracked}x")
    result, at = [], 0
    while at + head.size <= len(block):
        content.count(1)
        kind, size, flags = head.unpack_from(block, at)
        at += head.size
        if at + size > len(block):
            raise DamagedError("a message goes beyond its header")
        if kind in _READ:
            if flags & 2:
                raise FileFormatError(f"a message of type {kind} is shared, which is not read")
            result.append((kind, block[at : at + size]))
        at += size
    return result
