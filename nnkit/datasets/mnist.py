"""MNIST: 28 x 28 grey images of handwritten digits.

By Y. LeCun, C. Cortes and C. J. C. Burges, under CC BY-SA 3.0
(https://creativecommons.org/licenses/by-sa/3.0/).
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nnkit.datasets import places
from nnkit.datasets.parts import as_keras

__all__ = ["find", "load_data", "load_digits"]

# The URL from which Keras downloads the file, and the file's SHA-256 digest.
URL = f"{places.GOOGLE}mnist.npz"
SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def load_data(path: str = "mnist.npz") -> tuple[Pair, Pair]:
    """Load MNIST, as Keras does: 60000 training images and 10000 test images.

    The file is looked for in the folder that the environment variable ``NNKIT_DATA_DIR`` names,
    then in ``nnkit.config.cache_dir() / "datasets"``, and is otherwise downloaded to that folder
    once (11 MB).

    Parameters
    ----------
    path : str
        Name of the file.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        Images, uint8 of shape (60000, 28, 28) and (10000, 28, 28), 0 (paper) to 255 (ink); labels,
        uint8 of shape (60000,) and (10000,), 0 to 9.

    Raises
    ------
    OSError
        The file was not found and could not be downloaded, or the download is damaged.
    ValueError
        The file found is not MNIST as Keras stores it.

    Examples
    --------
    >>> from nnkit.datasets import mnist
    >>> (x_train, y_train), (x_test, y_test) = mnist.load_data()  # doctest: +SKIP
    >>> x_train.shape, y_train.shape  # doctest: +SKIP
    ((60000, 28, 28), (60000,))
    """
    hint = ", or use nnkit.datasets.load_digits(), a tenth of MNIST that ships with nnkit"
    file = places.fetch("MNIST", path, URL, f"sha256:{SHA256}", hint)
    return _read(file, train=60000, test=10000)


def load_digits() -> tuple[Pair, Pair]:
    """Load a tenth of MNIST, which ships with nnkit: 6000 training images and 1000 test images.

    Each digit has 600 training and 100 test images, drawn at random from MNIST's own training and
    test images.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        Images, uint8 of shape (6000, 28, 28) and (1000, 28, 28), 0 (paper) to 255 (ink); labels,
        uint8 of shape (6000,) and (1000,), 0 to 9.

    Examples
    --------
    >>> from nnkit.datasets import load_digits
    >>> (x_train, y_train), (x_test, y_test) = load_digits()
    >>> x_train.shape, x_train.dtype, y_test.shape
    ((6000, 28, 28), dtype('uint8'), (1000,))
    """
    return _read(Path(__file__).with_name("digits.npz"), train=6000, test=1000)


def find(path: str = "mnist.npz") -> Path | None:
    """The path at which :func:`load_data` finds the file without a download, or None.

    Parameters
    ----------
    path : str
        Name of the file, as for :func:`load_data`.

    Returns
    -------
    pathlib.Path or None

    Examples
    --------
    >>> from nnkit.datasets import mnist
    >>> mnist.find("no-such-file.npz") is None
    True
    """
    return places.find(path)


def _read(path: Path, train: int, test: int) -> tuple[Pair, Pair]:
    """Read the file's four arrays and check them; no code in the file is run."""
    shapes = {
        "x_train": (train, 28, 28),
        "y_train": (train,),
        "x_test": (test, 28, 28),
        "y_test": (test,),
    }
    arrays = {}
    try:
        with zipfile.ZipFile(path) as archive, np.load(path, allow_pickle=False) as file:
            for name in shapes:
                if f"{name}.npy" not in archive.namelist():
                    raise ValueError(f"it has no {name}, only {', '.join(file.files) or 'nothing'}")
                arrays[name] = file[name]
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
        raise as_keras(path, error) from error
    for name, shape in shapes.items():
        array = arrays[name]
        if array.shape != shape or array.dtype != np.uint8:
            raise as_keras(
                path, f"{name} is {array.dtype} of shape {array.shape}, not uint8 of shape {shape}"
            )
    return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])
