"""Atomic replacement of files: a file is either written completely or not at all."""

from __future__ import annotations

import os
import platform
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from nnkit.interrupts import allowed, deferred

__all__ = ["replacing"]

_ABANDONED = 60  # Age in seconds at which a temporary file without a process is removed.


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Write a file that replaces ``path`` only when it is complete and on the disk.

    Any failure before that - an error, Ctrl-C, no space left, a power cut - leaves the old file
    unchanged. The new file has the old one's permissions, and symbolic links are followed.
    Temporary files of killed processes are removed.

    Raises
    ------
    OSError
        The folder doesn't exist, the disk is full...; the error names ``path``.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "numbers.bin")
    >>> with replacing(path) as file:
    ...     _ = file.write(b"123")
    >>> path.read_bytes()
    b'123'
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the name of a file")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{path}: there is no folder {target.parent}; make it first")
    if target.is_symlink():
        raise OSError(f"{path} is a symbolic link that leads back to itself")
    old = target.stat() if target.exists() else None
    if old is not None and not stat.S_ISREG(old.st_mode):
        raise OSError(f"{path} is no regular file, and stays as it is")
    _remove_abandoned(target.parent)
    temporary = target.parent / f"{_prefix()}{os.getpid()}-{secrets.token_hex(8)}.tmp"
    latch = None
    try:
        # "x" creates the file or fails: it never opens an existing file or follows a link.
        with deferred(), open(temporary, "x+b") as file:
            if old is not None and hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), stat.S_IMODE(old.st_mode) & 0o777)
            latch = _Latch(file)
            yield cast(BinaryIO, latch)
            if latch.error is not None:
                raise latch.error
            file.flush()
            with allowed():  # A flush may take long.
                os.fsync(file.fileno())
            file.close()  # Windows can replace closed files only.
            os.replace(temporary, target)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        first = error if latch is None or latch.error is None else latch.error
        if isinstance(first, OSError):
            raise _naming(path, first) from error
        raise first  # noqa: B904 - later errors are consequences.
    _sync_folder(target.parent)


class _Latch:
    """A file that ignores all writes after an error, so that HDF5 can close it.

    HDF5 can't close a file after a failed write: it would keep the file open and repeat the error.
    So the error is kept here until HDF5 has closed the file.

    Attributes
    ----------
    error : BaseException or None
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: BaseException | None = None
        self._place = self._end = 0

    def _unless_failed(self, action: Callable[..., Any], *arguments: Any) -> Any:
        """Return the result of an action; None if it or an earlier one failed."""
        if self.error is None:
            try:
                return action(*arguments)
            except BaseException as error:
                self.error = error
        return None

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        self._unless_failed(self._file.write, data)
        self._place += size
        self._end = max(self._end, self._place)
        return size

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._place = offset + (0, self._place, self._end)[whence]
        self._unless_failed(self._file.seek, self._place)
        return self._place

    def tell(self) -> int:
        return self._place

    def read(self, size: int = -1) -> bytes:
        found: bytes = self._unless_failed(self._file.read, size) or b""
        self._place += len(found)
        return found

    def readinto(self, target: Any) -> int:
        count: int = self._unless_failed(self._file.readinto, target) or 0  # type: ignore[attr-defined]
        self._place += count
        return count

    def truncate(self, size: int | None = None) -> int:
        self._end = self._place if size is None else size
        self._unless_failed(self._file.truncate, self._end)
        return self._end

    def flush(self) -> None:
        self._unless_failed(self._file.flush)


def _naming(path: str | os.PathLike[str], error: OSError) -> OSError:
    """A copy of an error that names the path."""
    if error.errno is None or error.strerror is None:
        return type(error)(f"{path}: {error}")
    return OSError(error.errno, error.strerror, os.fspath(path))


# ----------------------------------------------------------- temporary files of killed processes


def _prefix() -> str:
    """The beginning of the names of this machine's temporary files, before the process's id."""
    return f".nnkit-{re.sub(r'[^A-Za-z0-9.]', '_', platform.node())[:64]}-"


def _remove_abandoned(folder: Path) -> None:
    """Remove temporary files of this machine's processes that no longer exist."""
    if os.name == "nt":  # On Windows, os.kill ends a process with any signal.
        return
    pattern = re.compile(re.escape(_prefix()) + r"(\d+)-\w+\.tmp")
    with suppress(OSError):
        for path in folder.glob(".nnkit-*.tmp"):
            found = pattern.fullmatch(path.name)
            if found is not None and _is_abandoned(path, int(found[1])):
                path.unlink(missing_ok=True)


def _is_abandoned(path: Path, process: int) -> bool:
    if time.time() - path.lstat().st_mtime < _ABANDONED:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        pass
    return False


def _sync_folder(folder: Path) -> None:
    """Flush a folder, so that a new name in it survives a power cut; Windows needs no flush."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
