"""Reading HDF5 files that nobody vouches for.

Nothing here follows a link, opens a second file, loads a plug-in, or believes a size before it has
compared it with what is stored. What can't be checked from Python is the HDF5 library itself: open
files of strangers in a sandbox.
"""

from __future__ import annotations

import math
import mmap
import os
import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from nnkit.errors import FileFormatError
from nnkit.saving.plain import MAX_TEXT

if TYPE_CHECKING:
    import h5py

__all__ = ["child", "number", "open_hdf5", "read", "text", "texts"]

MAX_BYTES = 16 * 2**30  # Of a file, unless the caller says otherwise.
MAX_NAMES = 2**16
MAX_RATIO = 1000  # Declared to stored bytes of a data set.

_NAME = re.compile(r"(?!\.+$)[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,255}")
_FILTERS = {1: "deflate", 2: "shuffle", 3: "fletcher32"}  # Built into HDF5: no plug-in is loaded.
_SIGNATURES = {
    b"PK": "a zip archive; Keras 3's .keras format, if it is one, can't be read yet. "
    "Save it in Keras with model.save('model.h5')",
    b"\x80": "a Python pickle, which is never read, since it can run any code",
    b"\x93NUMPY": "a NumPy array (.npy); use numpy.load",
}


@contextmanager
def open_hdf5(path: str | os.PathLike[str], max_bytes: int = MAX_BYTES) -> Iterator[h5py.Group]:
    """The root of an HDF5 file, opened for reading; every error inside names the file."""
    import h5py

    # Without O_NONBLOCK, opening a named pipe would wait for ever.
    opener = lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))  # noqa: E731
    with open(path, "rb", opener=opener) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise FileFormatError(f"{path}: not a regular file")
        if status.st_size > max_bytes:
            raise FileFormatError(
                f"{path}: {status.st_size} bytes, more than max_bytes = {max_bytes}; "
                "raise that limit if you trust the file"
            )
        _check_signature(file.read(8), path)
        try:
            with h5py.File(file, "r") as root:
                _check_heaps(file, root.id.get_create_plist().get_sizes())
                yield root
        except FileFormatError as error:
            raise FileFormatError(f"{path}: {error}") from error.__cause__
        except (OSError, RuntimeError, KeyError, TypeError, ValueError, zlib.error) as error:
            raise FileFormatError(f"{path}: a damaged or truncated HDF5 file ({error})") from error


def _check_signature(start: bytes, path: Any) -> None:
    if start == b"\x89HDF\r\n\x1a\n":
        return
    for signature, meaning in _SIGNATURES.items():
        if start.startswith(signature):
            raise FileFormatError(f"{path}: not an HDF5 file but {meaning}")
    what = f"it starts with {start!r}" if start else "it is empty"
    raise FileFormatError(f"{path}: not an HDF5 file: {what}")


def _check_heaps(file: BinaryIO, sizes: tuple[int, int]) -> None:
    """Refuse heaps of strings whose objects don't add up: HDF5 would walk through one for ever.

    The layout is in "HDF5 File Format Specification", section III.E, "Global Heap".
    """
    if sizes != (8, 8):  # Bytes of an address and of a length. No library writes others.
        raise FileFormatError(f"addresses and lengths of {sizes} bytes, expected (8, 8)")
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        heap = content.find(b"GCOL\x01")
        while heap >= 0:
            end = heap + int.from_bytes(content[heap + 8 : heap + 16], "little")
            at = heap + 16
            while at + 16 <= min(end, len(content)):
                size = int.from_bytes(content[at + 8 : at + 16], "little")
                free = content[at : at + 2] == b"\0\0"  # Its size counts the header, too.
                at += size if free else 16 + -(-size // 8) * 8
                if at > end or (free and size < 16):
                    raise FileFormatError(f"the heap of strings at byte {heap} doesn't add up")
            heap = content.find(b"GCOL\x01", heap + 1)


# ------------------------------------------------------------------------------------ members


def child(group: h5py.Group, path: str) -> h5py.Group | h5py.Dataset | None:
    """The member at a path, or None; links to elsewhere are refused, one step at a time."""
    import h5py

    member: Any = group
    for name in path.split("/"):
        if not _NAME.fullmatch(name):
            raise FileFormatError(f"{name!r} in {path!r} is no name for a member of a model file")
        if not isinstance(member, h5py.Group) or not member.id.links.exists(name.encode()):
            return None
        if member.id.links.get_info(name.encode()).type != h5py.h5l.TYPE_HARD:
            raise FileFormatError(f"{member.name}/{name} is a link to elsewhere, never followed")
        member = member[name]
    if not isinstance(member, (h5py.Group, h5py.Dataset)):
        raise FileFormatError(f"{path} is neither a group nor a data set")
    return member


def text(group: h5py.Group, name: str) -> str | None:
    """An attribute that is one string, or None."""
    found = _attribute(group, name, (), "a string")
    if found is None:
        return None
    result = found.decode() if isinstance(found, bytes) else str(found)
    if len(result) > MAX_TEXT:
        raise FileFormatError(f"attribute {name!r} is longer than {MAX_TEXT} characters")
    return result


def texts(group: h5py.Group, name: str) -> list[str] | None:
    """An attribute that is a list of strings, or None. Keras writes a long one in parts."""
    whole = _names(group, name)
    if whole is not None:
        return whole
    result: list[str] = []
    for part in range(MAX_NAMES):
        names = _names(group, f"{name}{part}")
        if names is None:
            break
        result += names
    return result or None


def number(group: h5py.Group, name: str) -> int | None:
    """An attribute that is one whole number, or None."""
    found = _attribute(group, name, (), "a whole number")
    return None if found is None else int(found)


def _names(group: h5py.Group, name: str) -> list[str] | None:
    found = _attribute(group, name, None, "a list of strings")
    if found is None:
        return None
    return [n.decode() if isinstance(n, bytes) else str(n) for n in found]


def _attribute(group: h5py.Group, name: str, shape: tuple[int, ...] | None, what: str) -> Any:
    """An attribute of that shape (None: a list), its type and size checked before it is read."""
    import h5py

    if not h5py.h5a.exists(group.id, name.encode()):
        return None
    stored = h5py.h5a.open(group.id, name.encode())
    empty = stored.shape == (0,)  # Keras writes no names as an empty list of numbers.
    is_text = h5py.check_string_dtype(stored.dtype) is not None
    fits = stored.dtype.kind in "iu" if what == "a whole number" else is_text or empty
    fits &= len(stored.shape) == 1 if shape is None else stored.shape == shape
    size = math.prod(stored.shape) * stored.dtype.itemsize
    if not fits or size > MAX_TEXT or math.prod(stored.shape) > MAX_NAMES:
        raise FileFormatError(
            f"attribute {name!r} of {group.name} should be {what}, but is {stored.dtype} "
            f"of shape {stored.shape}"
        )
    return [] if empty else group.attrs[name]


# --------------------------------------------------------------------------------------- data


def read(dataset: h5py.Dataset, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """The numbers of a data set, which must have the shape that the caller expects."""
    check_dataset(dataset)
    if dataset.shape != shape:
        raise FileFormatError(f"{dataset.name} has shape {dataset.shape}, expected {shape}")
    result = np.empty(shape, dtype)
    if result.size:
        dataset.read_direct(result)
    return result


def check_dataset(dataset: h5py.Dataset) -> None:
    """Refuse everything but plain numbers stored in the file itself."""
    import h5py

    def refuse(why: str) -> None:
        raise FileFormatError(f"{dataset.name} {why}")

    if not isinstance(dataset, h5py.Dataset) or dataset.shape is None:
        refuse("is not a data set")
    if dataset.dtype.kind not in "fiu" or dataset.dtype.itemsize > 8 or dataset.dtype.subdtype:
        refuse(f"holds {dataset.dtype}, not plain numbers")
    if len(dataset.shape) > 8:
        refuse(f"has {len(dataset.shape)} axes; at most 8 are read")
    plan = dataset.id.get_create_plist()
    if plan.get_external_count():
        refuse("keeps its numbers in another file, never opened")
    if plan.get_layout() == h5py.h5d.VIRTUAL:
        refuse("is virtual, made of other data sets; never followed")
    codes = [plan.get_filter(i)[0] for i in range(plan.get_nfilters())]
    filters = [_FILTERS.get(code, f"filter {code}") for code in codes]
    if not set(codes) <= _FILTERS.keys() or len(set(codes)) < len(codes):
        known = ", ".join(_FILTERS.values())
        refuse(f"uses {', '.join(filters)}; only {known} are read, once each")
    declared = math.prod(dataset.shape) * dataset.dtype.itemsize
    stored = dataset.id.get_storage_size()
    if declared > MAX_RATIO * stored:
        refuse(f"claims {declared} bytes, but {stored} are stored")
    if dataset.chunks:
        _check_chunks(dataset, filters, declared)


def _check_chunks(dataset: h5py.Dataset, filters: list[str], declared: int) -> None:
    """Refuse chunks that would take far more memory than the data set that they make up."""
    chunk = math.prod(dataset.chunks) * dataset.dtype.itemsize
    if chunk > max(declared, 2**20):
        raise FileFormatError(f"{dataset.name}: chunks of {chunk} bytes for {declared} bytes")
    if "deflate" not in filters:
        return
    place = filters.index("deflate")
    for i in range(dataset.id.get_num_chunks()):
        skipped, packed = dataset.id.read_direct_chunk(dataset.id.get_chunk_info(i).chunk_offset)
        if skipped >> place & 1:
            continue
        # HDF5 would inflate a chunk to whatever size it wants; 4 bytes more may be a checksum.
        if len(zlib.decompressobj().decompress(packed, chunk + 5)) > chunk + 4:
            raise FileFormatError(f"{dataset.name}: a chunk inflates beyond its {chunk} bytes")
