"""Files that are either completely written or not there at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from nnkit.interrupts import allowed, deferred

__all__ = ["replacing"]


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Write a file that takes the place of ``path`` only when it is complete and on the disk.

    Whatever happens before that - an error, Ctrl-C, no space left, a power cut - leaves the old
    file as it was.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "numbers.bin")
    >>> with replacing(path) as file:
    ...     _ = file.write(b"123")
    >>> path.read_bytes()
    b'123'
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the name of a file")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: there is no folder {path.parent}; make it first")
    temporary = path.parent / f".nnkit-{secrets.token_hex(8)}.tmp"
    # "x" creates the file or fails: it never opens what is there, nor follows a link.
    with deferred(), open(temporary, "x+b") as file:
        try:
            yield file
            file.flush()
            with allowed():  # It may take long.
                os.fsync(file.fileno())
            file.close()  # Windows replaces closed files only.
            os.replace(temporary, path)
        except BaseException:
            file.close()
            temporary.unlink(missing_ok=True)
            raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make a new name survive a power cut; Windows sees to that itself."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
