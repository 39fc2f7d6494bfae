"""The user's cache of machine code on the disk, so that later processes don't compile again.

Anybody who can write a file there could make nnkit run it. So the folder and its files must belong
to the user or the administrator, and nobody else may have permission to write. Files are data, and
checked before use:

====================  ==============================================================
bytes                 what
====================  ==============================================================
8                     ``nnkit`` and the version of this layout
32                    SHA-256 of the rest
up to the first zero  the key, which must be that of the file's name
the rest              the content
====================  ==============================================================

An incomplete file, or one with another key, counts as missing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from nnkit import config
from nnkit.errors import warn

__all__ = ["read", "write"]

_MAGIC = b"nnkit\0\0\1"
_HEAD = len(_MAGIC) + hashlib.sha256().digest_size
_MOST_BYTES = 1 << 28
# Writing takes milliseconds: older temporary files were left by killed processes.
_LEFT_OVER_SECONDS = 60

# Windows can't open folders and has no such owners; a user's folder is private there.
_POSIX = os.open in os.supports_dir_fd


def _flags(*names: str) -> int:
    return sum(getattr(os, name, 0) for name in (*names, "O_CLOEXEC"))


_OUTER_FOLDER = _flags("O_DIRECTORY")
# Links are not followed, and pipes don't block.
_INNER_FOLDER = _flags("O_DIRECTORY", "O_NOFOLLOW")
_OLD_FILE = _flags("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY")
_NEW_FILE = _flags("O_WRONLY", "O_CREAT", "O_EXCL", "O_NOFOLLOW", "O_BINARY")

_said: set[str] = set()
_tidied: set[Path] = set()


def read(key: str) -> bytes | None:
    """The content of a key; None if it is missing or incomplete.

    Warns
    -----
    UserWarning
        Once, if another user could have written the file, which is then not used.
    """
    try:
        with _opened(config.cache_dir() / "kernels") as folder:
            stored = folder.read(_name(key))
    except _NotOursError as error:
        _say("not used", f"compiled kernels are not used: {error}")
        return None
    except OSError:
        return None
    head, rest = stored[:_HEAD], stored[_HEAD:]
    owner, _, content = rest.partition(b"\0")
    whole = head == _MAGIC + hashlib.sha256(rest).digest()
    return content if whole and owner == key.encode() else None


def write(key: str, content: bytes) -> None:
    """Write the content of a key atomically: readers see all of it or nothing.

    Warns
    -----
    UserWarning
        Once, if it can't be written.
    """
    rest = key.encode() + b"\0" + content
    path = Path("~")
    try:
        path = config.cache_dir() / "kernels"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
        with _opened(path) as folder:
            folder.write(_name(key), _MAGIC + hashlib.sha256(rest).digest() + rest)
            folder.tidy()
    except _NotOursError:
        pass  # read() warns of this.
    except OSError as error:
        why = error.strerror or error
        _say("not kept", f"compiling kernels in every process: {path} can't keep them ({why})")


class _NotOursError(Exception):
    """Another user could have written a file or folder."""


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[_Folder]:
    """Open the folder and check it; an open folder can't be replaced by another one."""
    with contextlib.ExitStack() as at_the_end:
        if not _POSIX:
            yield _Folder(path, None)
            return
        outer = os.open(path.parent, _OUTER_FOLDER)
        at_the_end.callback(os.close, outer)
        _require_ours(outer, path.parent, outer=True)
        inner = os.open(path.name, _INNER_FOLDER, dir_fd=outer)
        at_the_end.callback(os.close, inner)
        _require_ours(inner, path)
        yield _Folder(path, inner)


class _Folder:
    """An open folder; without a descriptor, files are opened by path."""

    def __init__(self, path: Path, descriptor: int | None) -> None:
        self._path, self._at = path, descriptor

    def _place(self, name: str) -> str:
        return str(self._path / name) if self._at is None else name

    def read(self, name: str) -> bytes:
        """The content of a file; None for anything but a regular file, or if it is too large."""
        descriptor = os.open(self._place(name), _OLD_FILE, dir_fd=self._at)
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_BYTES:
                return b""
            _require_ours(descriptor, self._path / name)
            return file.read()

    def write(self, name: str, stored: bytes) -> None:
        """Write a temporary file, and rename it when it is complete."""
        temporary = f"{name}.{secrets.token_hex(8)}.tmp"
        descriptor = os.open(self._place(temporary), _NEW_FILE, 0o600, dir_fd=self._at)
        try:
            with open(descriptor, "wb") as file:
                file.write(stored)
            old, new = self._place(temporary), self._place(name)
            os.replace(old, new, src_dir_fd=self._at, dst_dir_fd=self._at)
        except BaseException:
            self._remove(temporary)
            raise

    def tidy(self) -> None:
        """Remove temporary files of killed processes; once a process."""
        if self._path in _tidied:
            return
        _tidied.add(self._path)
        # The current time by the file system's clock, as a file was just written.
        now = os.stat(self._path if self._at is None else self._at).st_mtime
        for name in os.listdir(self._path if self._at is None else self._at):
            if name.endswith(".tmp"):
                with contextlib.suppress(OSError):
                    left = os.stat(self._place(name), dir_fd=self._at, follow_symlinks=False)
                    if now - left.st_mtime > _LEFT_OVER_SECONDS:
                        self._remove(name)

    def _remove(self, name: str) -> None:
        with contextlib.suppress(OSError):
            os.unlink(self._place(name), dir_fd=self._at)


def _name(key: str) -> str:
    return f"{key}.code"


def _require_ours(descriptor: int, path: Path, outer: bool = False) -> None:
    """Refuse a file or folder of another user, or one to which others can write.

    In the ``outer`` folder of the cache, others could only remove the cache. So its group may write
    to it, and everybody if it is sticky like /tmp, where they can't remove it.
    """
    if not _POSIX:
        return
    status = os.fstat(descriptor)
    if status.st_uid not in (os.geteuid(), 0):
        raise _NotOursError(f"{path} belongs to user {status.st_uid}, not to you")
    allowed = stat.S_IWGRP | (stat.S_IWOTH if status.st_mode & stat.S_ISVTX else 0) if outer else 0
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) & ~allowed:
        raise _NotOursError(f"others can write to {path} (chmod go-w {path} ends that)")


def _say(kind: str, message: str) -> None:
    """Warn, once a process."""
    if kind not in _said:
        _said.add(kind)
        remedy = "set NNKIT_CACHE_DIR to a folder of your own"
        warn(f"{message}; {remedy}")
