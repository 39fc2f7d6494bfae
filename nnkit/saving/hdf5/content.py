"""The bytes of a file, read within bounds and within a budget."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np

from nnkit.errors import FileFormatError

__all__ = ["NOWHERE", "Content", "Cursor", "DamagedError"]

NOWHERE = 2**64 - 1  # The format's undefined address.
MAX_PARTS = 2**18
# All arrays together take at most MAX_GROWTH times the file's size, plus SLACK bytes.
MAX_GROWTH = 3
SLACK = 32 * 2**20


class DamagedError(FileFormatError):
    """The bytes of a file contradict each other."""


class Content:
    """The bytes of a file, with a budget for reading them.

    Parameters
    ----------
    file : binary file
    size : int
        The number of bytes; bytes appended while the file is read are ignored.

    Examples
    --------
    >>> import io
    >>> content = Content(io.BytesIO(b"0123456789"), 10)
    >>> content.structure(2, 3)
    b'234'
    >>> content.structure(8, 3)
    Traceback (most recent call last):
    nnkit.saving.hdf5.content.DamagedError: 3 bytes at byte 8 of 10
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self.size = file, size
        self._structure = size
        self._parts = MAX_PARTS
        self._declared = self._read = MAX_GROWTH * size + SLACK

    def structure(self, address: int, size: int) -> bytes:
        """Read bytes of the file's structure, each of which may belong to one part only."""
        self.check(address, size)
        self._structure -= size
        if self._structure < 0:
            raise DamagedError("parts of its structure lie over each other")
        return self.raw(address, size)

    def raw(self, address: int, size: int) -> bytes:
        """Read bytes."""
        self.check(address, size)
        self._file.seek(address)
        found = self._file.read(size)
        if len(found) < size:
            raise DamagedError(f"it ends at byte {address + len(found)}")
        return found

    def read_into(self, address: int, array: np.ndarray) -> None:
        """Fill a contiguous array with the bytes at an address."""
        self.check(address, array.nbytes)
        self._file.seek(address)
        target = array.reshape(-1).view(np.uint8)
        if self._file.readinto(target) < array.nbytes:  # type: ignore[attr-defined]
            raise DamagedError(f"it ends before byte {address + array.nbytes}")

    def check(self, address: int, size: int) -> None:
        """Refuse bytes that are not in the file."""
        if address + size > self.size:
            raise DamagedError(f"{size} bytes at byte {address} of {self.size}")

    def count(self, parts: int) -> None:
        """Charge the budget for parts - members, names, chunks... - before they are read."""
        self._parts -= parts
        if self._parts < 0:
            raise FileFormatError(
                f"more than {MAX_PARTS} groups, arrays, names, chunks and other parts"
            )

    def declare(self, nbytes: int) -> None:
        """Charge the budget for an array at an address that is not known yet."""
        self._declared -= nbytes
        _refuse_growth(self._declared, self.size)

    def spend(self, nbytes: int) -> None:
        """Charge the budget for the memory of an array that is about to be read, again or not."""
        self._read -= nbytes
        _refuse_growth(self._read, self.size)


def _refuse_growth(left: int, size: int) -> None:
    if left < 0:
        raise FileFormatError(
            f"is one array too many: all of them take more than {MAX_GROWTH} times the file's "
            f"{size} bytes and {SLACK} bytes; h5repack -f NONE stores compressed ones as they are"
        )


class Cursor:
    r"""Read consecutive fields from bytes.

    Examples
    --------
    >>> fields = Cursor(b"\x01\x02\x00abc")
    >>> fields.number(1), fields.number(2), fields.take(3)
    (1, 2, b'abc')
    >>> fields.take(1)
    Traceback (most recent call last):
    nnkit.saving.hdf5.content.DamagedError: a field goes beyond its message of 6 bytes
    """

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, size: int) -> bytes:
        """The next bytes."""
        end = self.at + size
        if end > len(self.data):
            raise DamagedError(f"a field goes beyond its message of {len(self.data)} bytes")
        found = self.data[self.at : end]
        self.at = end
        return found

    def number(self, size: int) -> int:
        """The next bytes as an integer, little-endian."""
        return int.from_bytes(self.take(size), "little")

    def padded(self, size: int, multiple: int) -> bytes:
        """The next bytes; skips the padding to a multiple after them."""
        found = self.take(size)
        self.at += -size % multiple
        return found
