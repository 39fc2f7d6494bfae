"""What CIFAR-10 and CIFAR-100 have in common.

A. Krizhevsky, 2009, "Learning multiple layers of features from tiny images",
https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nnkit import checks
from nnkit.datasets.parts import Pair, as_keras
from nnkit.datasets.pickled import read_pickle
from nnkit.datasets.places import fetch, find

__all__ = ["load"]

_LARGEST = 1 << 28  # Bytes of a batch's file; the largest of CIFAR's has 155 MB.


def load(
    data_set: str, folder: str, archive: str, known_hash: str, batches: Sequence[str], labels: str
) -> list[Pair]:
    """Images and labels of some of CIFAR's files, which are pickles; no code in them is run.

    Parameters
    ----------
    data_set : str
        What errors call it.
    folder : str
        Of the files, as the archive has them; if it is found, the archive isn't needed.
    archive : str
        Name of the archive.
    known_hash : str
        Of the archive.
    batches : list of str
        Names of the files.
    labels : str
        What labels are called in them.

    Returns
    -------
    list of pairs
        For each file, images uint8 (n, 32, 32, 3), or (n, 3, 32, 32) with channels first, and
        labels uint8 (n, 1).

    Raises
    ------
    OSError
        The files were not found and could not be downloaded.
    ValueError
        What was found is not CIFAR.
    """
    found = find(folder)
    if found is not None and found.is_dir():
        contents = {name: _of_folder(found, name) for name in batches}
        source = found
    else:
        url = f"https://www.cs.toronto.edu/~kriz/{archive}"
        hint = f"; the folder {folder} from it will do, too"
        source = fetch(data_set, archive, url, known_hash, hint)
        contents = _of_archive(source, [f"{folder}/{name}" for name in batches])
    last = checks.data_format(data_set, None) == "channels_last"
    pairs = []
    for name, content in contents.items():
        try:
            images, numbers = _batch(content, labels)
        except ValueError as error:
            raise as_keras(source, f"{name}: {error}") from error
        pairs.append((images.transpose(0, 2, 3, 1).copy() if last else images, numbers))
    return pairs


def _of_folder(folder: Path, name: str) -> bytes:
    path = folder / name
    if not path.is_file():
        raise FileNotFoundError(f"{folder} has no file {name}: remove it, or put all files there")
    if path.stat().st_size > _LARGEST:
        raise as_keras(path, f"it has {path.stat().st_size} bytes, more than any of CIFAR's")
    return path.read_bytes()


def _of_archive(path: Path, names: list[str]) -> dict[str, bytes]:
    """Contents of files in an archive, which are not written to the disk."""
    contents = {}
    try:
        with tarfile.open(path, "r|*") as archive:  # As a stream, it is read once.
            for member in archive:
                if member.name not in names or not member.isfile():
                    continue
                if member.size > _LARGEST:
                    raise ValueError(f"{member.name} has {member.size} bytes, more than CIFAR's")
                file = archive.extractfile(member)
                contents[member.name] = file.read() if file is not None else b""
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as error:
        raise as_keras(path, error) from error
    missing = [name for name in names if name not in contents]
    if missing:
        raise as_keras(path, f"it has no {missing[0]}")
    return {name: contents[name] for name in names}


def _batch(content: bytes, labels: str) -> Pair:
    """Images with channels first, and labels, of a file."""
    found = read_pickle(content)
    if not isinstance(found, dict):
        raise ValueError("it has no dictionary")
    images, numbers = found.get(b"data"), found.get(labels.encode())
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.ndim != 2:
        raise ValueError("it has no array b'data' of uint8")
    if images.shape[1] != 3 * 32 * 32:
        raise ValueError(f"its images have {images.shape[1]} values, not 3072")
    if not isinstance(numbers, list) or len(numbers) != len(images):
        raise ValueError(f"it has no list {labels!r} of a label for each image")
    if not all(type(n) is int and 0 <= n < 100 for n in numbers):
        raise ValueError(f"it has no list {labels!r} of a label for each image")
    return images.reshape(-1, 3, 32, 32), np.array(numbers, np.uint8).reshape(-1, 1)
