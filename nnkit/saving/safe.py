"""Reading of untrusted HDF5 files.

Nothing here follows a link, opens a second file, loads a plug-in, or trusts a size before comparing
it with the stored data; :mod:`nnkit.saving.hdf5` reads the bytes.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from nnkit.errors import FileFormatError
from nnkit.interrupts import check
from nnkit.saving.hdf5 import Content, DamagedError, Dataset, Group, open_root
from nnkit.saving.hdf5.attributes import Attribute
from nnkit.saving.plain import MAX_TEXT, printable

__all__ = ["child", "number", "open_hdf5", "read", "text", "texts"]

MAX_BYTES = 16 * 2**30  # The default limit of a file's size.
MAX_NAME = 2**12  # Bytes of a path.

_NAME = re.compile(r"(?!\.+$)[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,255}")
# Errors of Python's that a damaged file leads to.
_OF_DAMAGE = (
    *(ArithmeticError, LookupError, OSError, RuntimeError, TypeError, ValueError),
    *(struct.error, zlib.error),
)
_SIGNATURES = {
    b"PK": "a zip archive; Keras 3's .keras format, if it is one, can't be read yet. "
    "Save it in Keras with model.save('model.h5')",
    b"\x80": "a Python pickle, which is never read, since it can run any code",
    b"\x93NUMPY": "a NumPy array (.npy); use numpy.load",
}


@contextmanager
def open_hdf5(path: str | os.PathLike[str], max_bytes: int = MAX_BYTES) -> Iterator[Group]:
    """The root of an HDF5 file, opened for reading; every error inside names the file."""
    shown = printable(os.fsdecode(path))
    # Without O_NONBLOCK, opening a named pipe would block.
    opener = lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))  # noqa: E731
    with open(path, "rb", opener=opener) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise FileFormatError(f"{shown}: not a regular file")
        if status.st_size > max_bytes:
            raise FileFormatError(
                f"{shown}: {status.st_size} bytes, more than max_bytes = {max_bytes}; "
                "raise that limit if you trust the file"
            )
        _check_signature(file.read(8), shown)
        try:
            yield open_root(Content(file, status.st_size))
        except DamagedError as error:
            raise _damaged(shown, str(error)) from error
        except FileFormatError as error:
            raise FileFormatError(f"{shown}: {printable(str(error))}") from error.__cause__
        except MemoryError as error:
            raise FileFormatError(f"{shown}: it needs more memory than there is") from error
        except _OF_DAMAGE as error:
            raise _damaged(shown, repr(error)) from error


def _damaged(shown: str, symptom: str) -> FileFormatError:
    message = printable(f"a damaged or truncated HDF5 file ({symptom})")
    return FileFormatError(f"{shown}: {message}")


def _check_signature(start: bytes, shown: str) -> None:
    if start == b"\x89HDF\r\n\x1a\n":
        return
    for signature, meaning in _SIGNATURES.items():
        if start.startswith(signature):
            raise FileFormatError(f"{shown}: not an HDF5 file but {meaning}")
    what = f"it starts with {start!r}" if start else "it is empty"
    raise FileFormatError(f"{shown}: not an HDF5 file: {what}")


# ------------------------------------------------------------------------------------ members


def child(group: Group | Dataset, path: str) -> Group | Dataset | None:
    """The member at a path, or None; a link to elsewhere on the way is refused."""
    member: Group | Dataset | None = group
    for name in path.split("/"):
        if not _NAME.fullmatch(name):
            raise FileFormatError(f"{name!r} in {path!r} is no name for a member of a model file")
        group.count(1 + len(name) // 32)
        if not isinstance(member, Group):
            return None
        member = member.member(name)
    return member


def text(owner: Group | Dataset, name: str, longest: int = MAX_TEXT) -> str | None:
    """An attribute that is a string of at most ``longest`` bytes, or None."""
    found = owner.attribute(name)
    if found is None:
        return None
    _require(owner, found, bool(found.type.text) and found.shape == (), "a string")
    return owner.texts(found, longest)[0]


def texts(owner: Group | Dataset, name: str) -> list[str] | None:
    """An attribute that is a list of strings, or None. Keras splits a long list into parts."""
    whole = _names(owner, name)
    if whole is not None:
        return whole
    result: list[str] = []
    part = 0
    while (names := _names(owner, f"{name}{part}")) is not None:
        result += names
        part += 1
    return result or None


def number(owner: Group | Dataset, name: str) -> int | None:
    """An attribute that is an integer, or None."""
    found = owner.attribute(name)
    if found is None:
        return None
    dtype = found.type.dtype
    whole = dtype is not None and dtype.kind in "iu" and found.shape == ()
    _require(owner, found, whole, "a whole number")
    return int(found.numbers()[0])


def _names(owner: Group | Dataset, name: str) -> list[str] | None:
    found = owner.attribute(name)
    if found is None:
        return None
    if found.shape == (0,):  # Keras writes an empty list of names as an empty array of numbers.
        return []
    fits = bool(found.type.text) and found.shape is not None and len(found.shape) == 1
    _require(owner, found, fits, "a list of strings")
    return owner.texts(found, MAX_NAME)


def _require(owner: Group | Dataset, found: Attribute, fits: bool, what: str) -> None:
    if not fits:
        raise FileFormatError(
            f"attribute {found.name!r} of {owner.name} should be {what}, but is "
            f"{found.type.name} of shape {found.shape}"
        )


# --------------------------------------------------------------------------------------- data


def read(dataset: Dataset, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Read a data set, which must have the given shape."""
    check()
    if dataset.shape != shape:
        raise FileFormatError(f"{dataset.name} has shape {dataset.shape}, expected {shape}")
    return dataset.read(dtype)
