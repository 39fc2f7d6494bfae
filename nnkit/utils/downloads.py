"""Files from the net, kept on this machine."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import urlsplit

from nnkit import checks, config

__all__ = ["download", "get_file", "has_digest"]

_FORMATS = ("tar", "zip")
_PIECE = 1 << 20


def get_file(
    fname: str | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: str | None = "auto",
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
) -> str:
    """Download a file, unless it is on this machine already, and say where it lies.

    Without ``cache_dir``, the folder that the environment variable ``NNKIT_DATA_DIR`` names is
    looked into first; nothing is written there.

    Parameters
    ----------
    fname : str, optional
        Name of the file on this machine, without folders; by default that in ``origin``. With
        ``extract``, the name of the folder if it has no dot.
    origin : str
        URL of the file: http, https, ftp or file.
    untar : bool
        Keras 1's ``extract=True, archive_format="tar"``.
    md5_hash : str, optional
        Keras 1's ``file_hash``.
    file_hash : str, optional
        SHA-256 or MD5 digest of the file, in hexadecimal digits. A file on this machine with
        another one is downloaded again; a download with another one is an error.
    cache_subdir : str
        Folder below ``cache_dir``, or an absolute one.
    hash_algorithm : {"auto", "sha256", "md5"}
        ``"auto"`` is told by the digest's length.
    extract : bool
        Whether the file is an archive whose files are wanted.
    archive_format : {"auto", "tar", "zip", None}
        With ``extract``: what the archive must be. ``"tar"`` may be compressed; None extracts
        nothing.
    cache_dir : path, optional
        By default :func:`nnkit.config.cache_dir`.
    force_download : bool
        Whether the file is downloaded though it is here.

    Returns
    -------
    str
        Path of the file; of the folder with its contents, if it was extracted.

    Raises
    ------
    TypeError, ValueError
        An argument has a wrong type or value, or the file is no such archive.
    OSError
        The file could not be downloaded; or what came has another digest; or the archive has a
        link, a device, or a path that leads out of its folder, and nothing was extracted; or its
        contents don't fit on the disk.

    Examples
    --------
    >>> from nnkit.utils import get_file
    >>> get_file(origin="https://example.org/flowers.tgz", extract=True)  # doctest: +SKIP
    '/home/me/.cache/nnkit/datasets/flowers'
    """
    owner = "get_file"
    if not isinstance(origin, str) or not origin:
        raise ValueError(f"{owner}: origin must be the URL of the file, got {origin!r}")
    checks.one_of(owner, "hash_algorithm", hash_algorithm, ("auto", "sha256", "md5"))
    if archive_format is not None:
        checks.one_of(owner, "archive_format", archive_format, ("auto", *_FORMATS))
    if md5_hash is not None and file_hash is None:
        file_hash, hash_algorithm = md5_hash, "md5"
    known_hash = _known(file_hash, hash_algorithm)
    given = None if fname is None else os.fspath(fname)
    name = given or PurePosixPath(urlsplit(origin).path).name
    if not name:
        raise ValueError(f"{owner}: {origin} has no file's name at its end: give fname")
    if name != Path(name).name or name in (".", ".."):
        raise ValueError(
            f"{owner}: fname is a name without folders, got {name!r}; cache_dir and cache_subdir "
            "name the folder"
        )
    folder = Path(cache_dir or config.cache_dir()).expanduser() / cache_subdir
    wanted = extract or untar
    file = folder / name
    here = Path(os.environ.get("NNKIT_DATA_DIR", "")).expanduser() / name
    if here.is_absolute() and here.is_file() and cache_dir is None and not force_download:
        file = here if known_hash is None or has_digest(here, known_hash) else file
    if not wanted or archive_format is None:
        download(origin, file, known_hash, force_download)
        return str(file)
    # As Keras names them.
    if given is not None and "." in given:
        target = folder / f"{given.partition('.')[0]}_extracted"
    elif file == here:
        target = folder / name
    else:
        file, target = folder / f"{name}_archive", folder / name
    if download(origin, file, known_hash, force_download) or not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        _extract(file, target, "tar" if untar else archive_format)
    return str(target)


def download(origin: str, file: Path, known_hash: str | None, force: bool = False) -> bool:
    """Download a file to a path, unless it is there with the right digest.

    Parameters
    ----------
    origin : str
    file : pathlib.Path
    known_hash : str or None
        As pooch writes it: ``"sha256:..."`` or ``"md5:..."``.
    force : bool

    Returns
    -------
    bool
        Whether it was downloaded now.

    Raises
    ------
    OSError
        The text says what failed, and where to put a file that was downloaded by other means.
    """
    if file.is_file() and not force and (known_hash is None or has_digest(file, known_hash)):
        return False
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # The old file stays until the new one is whole.
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=".download-") as folder:
            new = Path(folder) / file.name
            _retrieve(origin, new, known_hash)
            os.replace(new, file)
    except (OSError, ValueError) as error:  # No network, or an unexpected file.
        raise OSError(
            f"{origin} could not be downloaded: {error}\nIf you have the file, put it to {file}"
        ) from error
    return True


def _retrieve(origin: str, file: Path, known_hash: str | None) -> None:
    import pooch

    options: dict[str, Any] = {}
    if urlsplit(origin).scheme == "file":
        options["downloader"] = _copy
    else:
        options["progressbar"] = True
    pooch.retrieve(origin, known_hash=known_hash, fname=file.name, path=file.parent, **options)


def _copy(url: str, output_file: str, pooch: Any) -> None:
    from urllib.request import url2pathname

    shutil.copyfile(url2pathname(urlsplit(url).path), output_file)


def _known(digest: str | None, algorithm: str) -> str | None:
    """A digest with its algorithm, as pooch writes them."""
    if digest is None:
        return None
    if not isinstance(digest, str) or set(digest.lower()) - set("0123456789abcdef"):
        raise ValueError(f"get_file: file_hash is a hexadecimal digest, got {digest!r}")
    of_length = {64: "sha256", 32: "md5"}.get(len(digest))
    if of_length is None or algorithm not in ("auto", of_length):
        raise ValueError(
            f"get_file: file_hash must have 64 digits (SHA-256) or 32 (MD5), got {len(digest)} "
            f"with hash_algorithm={algorithm!r}"
        )
    return f"{of_length}:{digest.lower()}"


def has_digest(file: Path, known_hash: str) -> bool:
    """Whether a file has a digest."""
    algorithm, _, digest = known_hash.partition(":")
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest() == digest


def _extract(file: Path, target: Path, archive_format: str) -> None:
    """Extract an archive to a folder, all of it or, if it is refused, nothing.

    What the folder has besides stays.
    """
    is_tar, is_zip = tarfile.is_tarfile(file), zipfile.is_zipfile(file)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".extract-") as folder:
        inner = Path(folder) / target.name
        inner.mkdir()
        if is_tar and archive_format in ("auto", "tar"):
            with tarfile.open(file) as tar:
                _write(file, inner, _of_tar(file, tar))
        elif is_zip and archive_format in ("auto", "zip"):
            with zipfile.ZipFile(file) as archive:
                _write(file, inner, _of_zip(file, archive))
        else:
            kind = "a tar or zip" if archive_format == "auto" else f"a {archive_format}"
            raise ValueError(f"get_file: {file} is not {kind} archive, so nothing was extracted")
        if target.is_dir():
            shutil.copytree(inner, target, dirs_exist_ok=True)
        else:
            os.replace(inner, target)


Member = tuple[str, int | None, Any]  # Path, size (None: a folder), and how it is opened.


def _of_tar(file: Path, tar: tarfile.TarFile) -> list[Member]:
    members: list[Member] = []
    for info in tar:
        if not (info.isfile() or info.isdir()):
            kind = "link" if info.issym() or info.islnk() else "device"
            raise OSError(f"{file} has the {kind} {info.name!r}; nothing was extracted")
        size = info.size if info.isfile() else None
        members.append((info.name, size, lambda info=info: tar.extractfile(info)))
    return members


def _of_zip(file: Path, archive: zipfile.ZipFile) -> list[Member]:
    members: list[Member] = []
    for info in archive.infolist():
        mode = info.external_attr >> 16 & 0o170000
        if mode not in (0, 0o100000, 0o040000):
            raise OSError(f"{file} has the link {info.filename!r}; nothing was extracted")
        size = None if info.is_dir() else info.file_size
        members.append((info.filename, size, lambda info=info: archive.open(info)))
    return members


def _write(file: Path, folder: Path, members: list[Member]) -> None:
    """Write members of an archive; none leads out of the folder, and all fit on the disk."""
    for name, _, _ in members:
        path = PureWindowsPath(name)  # Which takes both kinds of slashes.
        if path.anchor or ".." in path.parts or "\0" in name:
            raise OSError(f"{file} has {name!r}, which leads out; nothing was extracted")
    needed, free = sum(size or 0 for _, size, _ in members), shutil.disk_usage(folder).free
    if needed > free:
        raise OSError(f"the contents of {file} take {needed} bytes, and {folder} has {free} left")
    for name, size, opened in members:
        inner = folder.joinpath(*PureWindowsPath(name).parts)
        if size is None:
            inner.mkdir(parents=True, exist_ok=True)
            continue
        inner.parent.mkdir(parents=True, exist_ok=True)
        with opened() as source, inner.open("wb") as target:
            for piece in _pieces(source, size, file, name):
                target.write(piece)


def _pieces(source: Any, size: int, file: Path, name: str) -> Iterator[bytes]:
    """What an archive has under a name, which must not be more than it says."""
    left = size
    while piece := source.read(_PIECE):
        left -= len(piece)
        if left < 0:
            raise OSError(f"{file}: {name!r} is larger than the {size} bytes that it claims")
        yield piece
    if left:
        raise OSError(f"{file}: {name!r} is shorter than the {size} bytes that it claims")
