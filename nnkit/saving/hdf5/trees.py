"""B-trees (section III.A.1): the members of a group, and the chunks of an array."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from nnkit.errors import FileFormatError
from nnkit.saving.hdf5.attributes import decoded
from nnkit.saving.hdf5.content import NOWHERE, Content, Cursor, DamagedError

__all__ = ["Chunk", "chunks_of", "linked", "members_of"]

_MEMBERS, _CHUNKS = 0, 1  # Kinds of trees.
_SOFT_LINK = 2
ELSEWHERE = -1  # Stands for the address of a link to elsewhere.


class Chunk(NamedTuple):
    """The place of a piece of an array in the file."""

    address: int
    nbytes: int
    skipped: int  # Bit i: filter i was not applied.
    place: tuple[int, ...]  # Index of the chunk's first element in the array.


def members_of(content: Content, table: bytes) -> dict[str, int]:
    """Addresses of the members of a group by name; ``ELSEWHERE`` for links.

    Parameters
    ----------
    content : Content
        The file.
    table : bytes
        The message with the addresses of the tree and of the heap of names (IV.A.2.r).
    """
    fields = Cursor(table)
    tree, heap = fields.number(8), fields.number(8)
    start = content.structure(heap, 32)
    if start[:5] != b"HEAP\0":
        raise DamagedError(f"there is no heap of names at byte {heap}")
    names = content.structure(
        int.from_bytes(start[24:], "little"), int.from_bytes(start[8:16], "little")
    )
    members: dict[str, int] = {}
    for _, node in _leaves(content, tree, _MEMBERS, 8):
        for offset, address, kind in _entries(content, node):
            end = names.find(b"\0", offset)
            if end < 0:
                raise DamagedError(f"a name goes beyond the heap of names at byte {heap}")
            name = decoded(names[offset:end])
            if name in members:
                raise DamagedError(f"{name!r} is in a group twice")
            members[name] = ELSEWHERE if kind == _SOFT_LINK else address
    return members


def _entries(content: Content, node: int) -> Iterator[tuple[int, int, int]]:
    """Offset of the name, address and kind of each member in a leaf (section III.B)."""
    start = content.structure(node, 8)
    if start[:5] != b"SNOD\1":
        raise DamagedError(f"there are no members at byte {node}")
    used = int.from_bytes(start[6:], "little")
    content.count(used)
    yield from struct.iter_unpack("<QQI20x", content.structure(node + 8, 40 * used))


def linked(message: bytes) -> tuple[str, int]:
    """Name and address of a member in a message of newer files (IV.A.2.g)."""
    fields = Cursor(message)
    version, flags = fields.number(1), fields.number(1)
    if version != 1:
        raise DamagedError(f"a link of version {version}")
    kind = fields.number(1) if flags & 8 else 0
    fields.take(8 * bool(flags & 4) + bool(flags & 16))
    name = decoded(fields.take(fields.number(1 << (flags & 3))))
    return name, fields.number(8) if kind == 0 else ELSEWHERE


def chunks_of(content: Content, tree: int, axes: int, expected: int) -> list[Chunk]:
    """All chunks of an array.

    Raises
    ------
    nnkit.errors.FileFormatError
        The number of chunks is not the expected one.
    """
    content.count(expected)
    found: list[Chunk] = []
    if tree != NOWHERE:
        key = struct.Struct(f"<II{axes + 1}Q")  # The last number is an offset in an element.
        for start, address in _leaves(content, tree, _CHUNKS, key.size):
            nbytes, skipped, *place = key.unpack(start)
            content.check(address, nbytes)
            found.append(Chunk(address, nbytes, skipped, tuple(place[:-1])))
    if len(found) != expected or len({chunk.place for chunk in found}) != expected:
        raise FileFormatError(f"{len(found)} of {expected} chunks are stored")
    return found


def _leaves(content: Content, tree: int, kind: int, key: int) -> Iterator[tuple[bytes, int]]:
    """The keys and addresses in a tree's leaves; each node is read once."""
    waiting: list[tuple[int, int | None]] = [(tree, None)]
    seen = set()
    while waiting:
        address, above = waiting.pop()
        content.count(1)
        start = content.structure(address, 24)
        level, used = start[5], int.from_bytes(start[6:8], "little")
        if start[:5] != b"TREE" + bytes([kind]) or (above is not None and level != above - 1):
            raise DamagedError(f"there is no tree of level {above} at byte {address}")
        if address in seen:
            raise DamagedError(f"a tree comes back to byte {address}")
        seen.add(address)
        content.count(used)
        step = key + 8
        data = content.structure(address + 24, used * step)
        for at in range(0, len(data), step):
            child = int.from_bytes(data[at + key : at + step], "little")
            if level:
                waiting.append((child, level))
            else:
                yield data[at : at + key], child
