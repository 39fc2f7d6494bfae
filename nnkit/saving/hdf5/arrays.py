"""Arrays: their layout (message IV.A.2.i) and filters (message IV.A.2.l)."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nnkit.errors import FileFormatError
from nnkit.saving.hdf5.content import NOWHERE, Content, Cursor, DamagedError
from nnkit.saving.hdf5.trees import Chunk, chunks_of

__all__ = ["Layout", "filters_of", "find_chunks", "layout_of", "read_numbers"]

MAX_RATIO = 1000  # The largest ratio of declared to stored bytes.
_DEFLATE, _SHUFFLE, _FLETCHER = 1, 2, 3
FILTERS = {_DEFLATE: "deflate", _SHUFFLE: "shuffle", _FLETCHER: "fletcher32"}
_COMPACT, _CONTIGUOUS, _CHUNKED, _VIRTUAL = range(4)


@dataclass(frozen=True)
class Layout:
    """The place of an array's numbers: in the message, at an address, or in a tree of chunks."""

    data: bytes | None = None
    address: int = NOWHERE
    nbytes: int = 0
    chunk: tuple[int, ...] = ()


def layout_of(message: bytes) -> Layout:
    """The layout that a message describes."""
    fields = Cursor(message)
    version, kind = fields.number(1), fields.number(1)
    if version not in (3, 4, 5):
        raise FileFormatError(f"is stored in version {version} of HDF5's layouts, which isn't read")
    if kind == _COMPACT:
        data = fields.take(fields.number(2))
        return Layout(data, nbytes=len(data))
    if kind == _CONTIGUOUS:
        address, nbytes = fields.number(8), fields.number(8)
        return Layout(None, address, 0 if address == NOWHERE else nbytes)
    if kind == _VIRTUAL:
        raise FileFormatError("is virtual, made of other data sets; never followed")
    if kind != _CHUNKED:
        raise DamagedError(f"is stored in layout {kind}, which does not exist")
    if version > 3:
        raise FileFormatError(
            "is in chunks as only the newest HDF5 writes them; h5repack --high=0 changes that"
        )
    axes, address = fields.number(1), fields.number(8)
    sizes = tuple(fields.number(4) for _ in range(axes))
    if axes < 2 or 0 in sizes:
        raise DamagedError(f"has chunks of shape {sizes}")
    return Layout(None, address, 0, sizes[:-1])  # The last size is that of an element.


def filters_of(message: bytes) -> list[int]:
    """Ids of the filters that were applied to chunks, in order."""
    fields = Cursor(message)
    version, count = fields.number(1), fields.number(1)
    if version == 1:
        fields.take(6)
    codes = []
    for _ in range(count):
        code = fields.number(2)
        name = fields.number(2) if version == 1 or code >= 256 else 0
        fields.take(2)
        values = fields.number(2)
        fields.take(name + 4 * (values + values % 2 * (version == 1)))
        codes.append(code)
    if not set(codes) <= FILTERS.keys() or len(set(codes)) < len(codes):
        names = ", ".join(FILTERS.get(code, f"filter {code}") for code in codes)
        known = ", ".join(FILTERS.values())
        raise FileFormatError(f"uses {names}; only {known} are read, once each")
    return codes


def find_chunks(
    content: Content, layout: Layout, shape: tuple[int, ...], nbytes: int, itemsize: int
) -> list[Chunk]:
    """The chunks of an array; an empty list if their sizes are implausible."""
    size = math.prod(layout.chunk) * itemsize
    if len(layout.chunk) != len(shape):
        raise DamagedError(f"of shape {shape} has chunks of shape {layout.chunk}")
    if size > max(nbytes, 2**20):
        raise FileFormatError(f"has chunks of {size} bytes for {nbytes} bytes")
    if layout.address == NOWHERE:
        return []
    counts = [-(-n // c) for n, c in zip(shape, layout.chunk, strict=True)]
    chunks = chunks_of(content, layout.address, len(shape), math.prod(counts))
    for chunk in chunks:
        for at, n, c in zip(chunk.place, shape, layout.chunk, strict=True):
            if at >= n or at % c:
                raise DamagedError(f"has a chunk at {chunk.place}")
        if chunk.nbytes > size + size // 8 + 1024:  # Incompressible data grow a little.
            raise DamagedError(f"has a chunk of {chunk.nbytes} bytes in place of {size}")
    return chunks


def read_numbers(
    content: Content,
    layout: Layout,
    chunks: Sequence[Chunk],
    filters: Sequence[int],
    result: np.ndarray,
) -> None:
    """Read numbers into an array of the file's type."""
    if result.size == 0:
        return
    if layout.data is not None:
        stored = np.frombuffer(layout.data, result.dtype, result.size)
        result[...] = stored.reshape(result.shape)
    elif not layout.chunk:
        content.read_into(layout.address, result)
    else:
        size = math.prod(layout.chunk) * result.itemsize
        for chunk in chunks:
            data = content.raw(chunk.address, chunk.nbytes)
            unpacked = _unpack(data, chunk.skipped, filters, size, result.itemsize)
            piece = np.frombuffer(unpacked, result.dtype).reshape(layout.chunk)
            place = tuple(slice(a, a + c) for a, c in zip(chunk.place, layout.chunk, strict=True))
            target = result[place]  # Smaller than the chunk at an edge.
            target[...] = piece[tuple(slice(n) for n in target.shape)]


def _unpack(data: bytes, skipped: int, filters: Sequence[int], size: int, itemsize: int) -> bytes:
    """Undo the filters of a chunk, from the last to the first."""
    for i, code in reversed(list(enumerate(filters))):
        if skipped >> i & 1:
            continue
        if code == _FLETCHER:
            data, stored = data[:-4], data[-4:]
            if _fletcher32(data) != int.from_bytes(stored, "little"):
                raise DamagedError("has a chunk that is not what was written (fletcher32)")
        elif code == _SHUFFLE:
            whole = len(data) // itemsize * itemsize
            shuffled = np.frombuffer(data, np.uint8, whole).reshape(itemsize, -1)
            data = shuffled.T.tobytes() + data[whole:]
        else:  # Of any size up to the limit; 4 bytes may be a checksum.
            data = zlib.decompressobj().decompress(data, size + 5)
            if len(data) > size + 4:
                raise FileFormatError(f"has a chunk that inflates beyond its {size} bytes")
    if len(data) != size:
        raise DamagedError(f"has a chunk of {len(data)} bytes in place of {size}")
    return data


def _fletcher32(data: bytes) -> int:
    """HDF5's checksum: sums of 16-bit numbers modulo 65535, with 65535 for 0 unless all are 0.

    Examples
    --------
    >>> hex(_fletcher32(b"abcdef"))
    '0x50562a2d'
    """
    words = np.frombuffer(data + b"\0" * (len(data) % 2), ">u2").astype(np.int64)
    if not words.any():
        return 0
    weights = np.arange(len(words), 0, -1) % 65535
    first, second = int(words.sum()), int((weights * words % 65535).sum())
    return (second % 65535 or 65535) << 16 | (first % 65535 or 65535)
