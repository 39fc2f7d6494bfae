"""Where files of data sets are looked for, and how they come onto this machine."""

from __future__ import annotations

import os
from pathlib import Path

from nnkit import config
from nnkit.utils.downloads import download

__all__ = ["GOOGLE", "fetch", "find"]

# Where Keras has most of its data sets.
GOOGLE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


def find(name: str) -> Path | None:
    """The path of a file or folder on this machine, or None.

    Parameters
    ----------
    name : str

    Returns
    -------
    pathlib.Path or None
        In the folder that the environment variable ``NNKIT_DATA_DIR`` names, else in
        ``nnkit.config.cache_dir() / "datasets"``.
    """
    return next((place for place in _places(name) if place.exists()), None)


def fetch(data_set: str, name: str, url: str, known_hash: str | None, hint: str = "") -> Path:
    """The path of a file: where it is found, or else where it is downloaded to.

    Parameters
    ----------
    data_set : str
        What errors call it.
    name : str
        Of the file on this machine.
    url : str
    known_hash : str or None
        ``"sha256:..."`` or ``"md5:..."``, of what is downloaded.
    hint : str
        What else to do without a network.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    OSError
        The text says what was tried, and where a file may be put.
    """
    found = find(name)
    if found is not None:
        return found
    *_, target = tried = _places(name)
    try:
        download(url, target, known_hash)
    except OSError as error:
        given = "" if len(tried) > 1 else " (NNKIT_DATA_DIR is not set)"
        raise OSError(
            f"{data_set} is not on this machine and could not be downloaded.\n"
            f"There is no {' and no '.join(map(str, tried))}{given}.\n"
            f"{error}\n"
            f"Or put {name} into another folder and set NNKIT_DATA_DIR to that folder{hint}."
        ) from error
    return target


def _places(name: str) -> list[Path]:
    given = os.environ.get("NNKIT_DATA_DIR")
    folders = [Path(given).expanduser()] if given else []
    return [folder / name for folder in [*folders, config.cache_dir() / "datasets"]]
