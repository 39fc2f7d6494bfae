"""Files that are either completely written or not there at all."""

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

_ABANDONED = 60  # Seconds since somebody last wrote to a temporary file whose process is gone.


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Write a file that takes the place of ``path`` only when it is complete and on the disk.

    Whatever happens before that - an error, Ctrl-C, no space left, a power cut - leaves the old
    file as it was. The new one has the old one's permissions, and is where a symbolic link leads.
    What earlier processes left when they were killed is removed.

    Raises
    ------
    OSError
        The folder isn't there, the disk is full...; the error names ``path``.

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
        # "x" creates the file or fails: it never opens what is there, nor follows a link.
        with deferred(), open(temporary, "x+b") as file:
            if old is not None and hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), stat.S_IMODE(old.st_mode) & 0o777)
            latch = _Latch(file)
            yield cast(BinaryIO, latch)
            if latch.error is not None:
                raise latch.error
            file.flush()
            with allowed():  # It may take long.
                os.fsync(file.fileno())
            file.close()  # Windows replaces closed files only.
            os.replace(temporary, target)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        first = error if latch is None or latch.error is None else latch.error
        if isinstance(first, OSError):
            raise _naming(path, first) from error
        raise first  # noqa: B904 - what came later follows from it.
    _sync_folder(target.parent)


class _Latch:
    """A file that after an error takes everything without writing it, so that HDF5 can end.

    HDF5 can't close a file that it couldn't write: it would keep it open, and complain for ever. So
    the error is kept here until HDF5 is done.

    Attributes
    ----------
    error : BaseException or None
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: BaseException | None = None
        self._place = self._end = 0

    def _unless_failed(self, action: Callable[..., Any], *arguments: Any) -> Any:
        """What an action returns; None if it or an earlier one failed."""
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
    """The same error, with the path in it."""
    if error.errno is None or error.strerror is None:
        return type(error)(f"{path}: {error}")
    return OSError(error.errno, error.strerror, os.fspath(path))


# ------------------------------------------------------------------- what killed processes left


def _prefix() -> str:
    """How the names of this machine's temporary files begin; the process's number comes next."""
    return f".nnkit-{re.sub(r'[^A-Za-z0-9.]', '_', platform.node())[:64]}-"


def _remove_abandoned(folder: Path) -> None:
    """Remove temporary files of processes of this machine that are gone."""
    if os.name == "nt":  # There os.kill ends a process, whatever the signal.
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
    """Make a new name survive a power cut; Windows sees to that itself."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
