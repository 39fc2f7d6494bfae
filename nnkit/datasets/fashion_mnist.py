"""Fashion-MNIST: 70000 grey images of 28 x 28 pixels, of ten kinds of clothes.

H. Xiao, K. Rasul and R. Vollgraf, 2017, "Fashion-MNIST: a novel image dataset for benchmarking
machine learning algorithms"; copyright by Zalando SE, under the MIT licence.
"""

from __future__ import annotations

import gzip
import math
import zlib

import numpy as np

from nnkit.datasets.parts import Pair, as_keras
from nnkit.datasets.places import GOOGLE, fetch

__all__ = ["load_data"]


def load_data() -> tuple[Pair, Pair]:
    """Load Fashion-MNIST, as Keras does: 60000 images to train and 10000 to test.

    Its four files are looked for in a folder ``fashion-mnist`` in the folder that the environment
    variable ``NNKIT_DATA_DIR`` names, then in ``nnkit.config.cache_dir() / "datasets"``, and are
    otherwise downloaded there once (31 MB).

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        Images, uint8 (60000, 28, 28) and (10000, 28, 28), 0 (nothing) to 255; labels, uint8
        (60000,) and (10000,), 0 to 9: T-shirt or top, trouser, pullover, dress, coat, sandal,
        shirt, sneaker, bag, ankle boot.

    Raises
    ------
    OSError
        A file was not found and could not be downloaded.
    ValueError
        A file found is not one of Fashion-MNIST's.

    Examples
    --------
    >>> from nnkit.datasets import fashion_mnist
    >>> (x_train, y_train), (x_test, y_test) = fashion_mnist.load_data()  # doctest: +SKIP
    >>> x_train.shape, y_train.shape  # doctest: +SKIP
    ((60000, 28, 28), (60000,))
    """
    train, test = (
        (
            _read(f"{part}-images-idx3-ubyte.gz", (n, 28, 28)),
            _read(f"{part}-labels-idx1-ubyte.gz", (n,)),
        )
        for part, n in (("train", 60000), ("t10k", 10000))
    )
    return train, test


def _read(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The array of a file in MNIST's format: two zeros, type, number of axes, sizes, values.

    Keras knows no digests of these files, so it is this that tells a damaged one.
    """
    path = fetch("Fashion-MNIST", f"fashion-mnist/{name}", GOOGLE + name, None)
    head = bytes([0, 0, 8, len(shape)]) + np.array(shape, ">i4").tobytes()
    size = len(head) + math.prod(shape)
    try:
        with gzip.open(path) as file:
            content = file.read(size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise as_keras(path, error) from error
    if len(content) != size or not content.startswith(head):
        raise as_keras(path, f"it has no array of uint8 of shape {shape}")
    return np.frombuffer(content, np.uint8, offset=len(head)).reshape(shape).copy()
